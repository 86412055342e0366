import {
  ModelNotFoundError,
  ModelNotReadyError,
  ModelTaskError,
  ModelVersionNotFoundError,
} from '../inference.errors.js';
import type { BackendName, LoadedModel } from '../worker/protocol.js';
import type { Manifest } from './manifest.js';
import { isVersion, MODEL_NAME, type ModelFolder } from './model-folders.js';
import type { ModelStatus } from './model-status.js';

/** What became of a version. */
export type VersionState =
  | { state: 'loading' }
  | { state: 'ready'; model: LoadedModel; backend: BackendName }
  | { state: 'refused'; reason: string };

/** One version of a model and its state. */
export interface ModelVersion {
  /** `name/version`: how workers, queues and logs call it. */
  key: string;
  name: string;
  version: string;
  folder: string;
  manifest: Manifest | undefined;
  /** Changed through `setState` of the registry only. */
  state: VersionState;
}

/** Which models there are, which version of each serves, and why others do not. */
export class ModelRegistry {
  private readonly models = new Map<string, Map<string, ModelVersion>>();
  private readonly servingVersions = new Map<string, ModelVersion>();

  constructor(folders: readonly ModelFolder[]) {
    for (const { name, version, folder, manifest, refusal } of folders) {
      const versions = this.models.get(name) ?? new Map<string, ModelVersion>();
      const state: VersionState = refusal === undefined ? { state: 'loading' } : { state: 'refused', reason: refusal };
      versions.set(version, { key: `${name}/${version}`, name, version, folder, manifest, state });
      this.models.set(name, versions);
    }
    for (const name of this.models.keys()) this.chooseServing(name);
  }

  /** Every version, by name and version number. */
  all(): ModelVersion[] {
    return [...this.models.values()].flatMap((versions) => [...versions.values()]);
  }

  get(key: string): ModelVersion | undefined {
    const [name = '', version = ''] = key.split('/');
    return this.models.get(name)?.get(version);
  }

  /** Notes what became of a version. */
  setState(version: ModelVersion, state: VersionState): void {
    version.state = state;
    this.chooseServing(version.name);
  }

  /** The version that answers for a name: the highest ready one, else the highest that still loads, else the highest. */
  serving(name: string): ModelVersion | undefined {
    return this.servingVersions.get(name);
  }

  private chooseServing(name: string): void {
    const versions = [...(this.models.get(name)?.values() ?? [])].toReversed();
    const serving =
      versions.find(({ state }) => state.state === 'ready') ??
      versions.find(({ state }) => state.state === 'loading') ??
      versions.find(({ version }) => isVersion(version)) ??
      versions[0];
    if (serving) this.servingVersions.set(name, serving);
  }

  /**
   * The version that a request asks for, in whatever state it is. Folders of other names are listed because operators are told
   * of them; to whoever asks for one, it is not there.
   * @throws {ModelNotFoundError} or {ModelVersionNotFoundError}.
   */
  find(name: string, version: string | undefined): ModelVersion {
    const versions = MODEL_NAME.test(name) ? this.models.get(name) : undefined;
    if (!versions) throw new ModelNotFoundError(name);
    const named = version !== undefined && isVersion(version) ? versions.get(version) : undefined;
    const chosen = version === undefined ? this.serving(name) : named;
    if (!chosen) throw new ModelVersionNotFoundError(name, version ?? '');
    return chosen;
  }

  /**
   * The ready version that a request asks for.
   * @throws {ModelNotFoundError}, {ModelVersionNotFoundError} or {ModelNotReadyError}.
   */
  resolve(name: string, version: string | undefined): ModelVersion & { state: { state: 'ready' } } {
    const chosen = this.find(name, version);
    if (chosen.state.state !== 'ready') throw new ModelNotReadyError(name, chosen.version, chosen.state.state);
    return chosen as ModelVersion & { state: { state: 'ready' } };
  }

  /** The versions that declare a fallback to a model which cannot answer a text, and why it cannot. */
  deadFallbacks(): { key: string; reason: string }[] {
    return this.all().flatMap(({ key, name, manifest }) => {
      if (manifest?.task !== 'text-classification' || !manifest.fallback || !('model' in manifest.fallback)) return [];
      const { model, version } = manifest.fallback;
      if (model === name) return [{ key, reason: 'It is the same model, and what refuses one version refuses all.' }];
      try {
        const { task = 'tensor' } = this.resolve(model, version).manifest ?? {};
        return task === 'tensor' ? [{ key, reason: new ModelTaskError(model, task).message }] : [];
      } catch (error) {
        return [{ key, reason: (error as Error).message }];
      }
    });
  }

  status(): ModelStatus[] {
    return this.all().map((entry) => ({
      name: entry.name,
      version: entry.version,
      state: entry.state.state,
      serving: this.serving(entry.name) === entry && entry.state.state === 'ready',
      task: entry.manifest?.task ?? 'tensor',
      ...(entry.manifest?.task === 'text-classification' && { labels: entry.manifest.labels }),
      ...facts(entry.state),
    }));
  }
}

function facts(state: VersionState): Partial<ModelStatus> {
  if (state.state === 'refused') return { reason: state.reason };
  if (state.state === 'loading') return {};
  const { signature, loadSeconds, weightBytes } = state.model;
  return { signature, loadSeconds, weightBytes, backend: state.backend };
}
