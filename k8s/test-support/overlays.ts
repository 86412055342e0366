import { writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { temporaryFolder } from '../../scripts/test-support/temporary-folder.js';
import { describeWithTool, runTool, toolPath } from '../../scripts/test-support/tools.js';
import type { Manifest } from './manifests.js';

/** The folder of this test-support's manifests. */
const K8S = resolve(__dirname, '..');

/** kubectl has the same built in. */
const TOOL = toolPath('kustomize') ? 'kustomize' : 'kubectl';

/** What users apply, and each component that they may add which no overlay has. */
export const OVERLAYS = ['dev', 'production', 'production-operators', 'production+durable-spool'] as const;

/** `describe` where there is kustomize or kubectl; elsewhere the tests are skipped, and that is said. */
export function describeWithKustomize(name: string, tests: () => void): void {
  describeWithTool(TOOL, name, tests);
}

const built = new Map<string, Manifest[]>();

/** The objects that an overlay, with components after a "+", consists of; each caller has them to itself. */
export function build(overlay: string): Manifest[] {
  const manifests = built.get(overlay) ?? kustomize(overlay);
  built.set(overlay, manifests);
  return structuredClone(manifests);
}

function kustomize(overlay: string): Manifest[] {
  const [name = '', ...components] = overlay.split('+');
  const folder = temporaryFolder();
  const pathTo = (part: string) => relative(folder, join(K8S, part));
  writeFileSync(
    join(folder, 'kustomization.yaml'),
    JSON.stringify({
      resources: [pathTo(`overlays/${name}`)],
      components: components.map((component) => pathTo(`components/${component}`)),
    }),
  );
  const text = runTool(TOOL, [TOOL === 'kubectl' ? 'kustomize' : 'build', folder]);
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}
