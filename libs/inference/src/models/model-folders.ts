import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Manifest, manifestSchema } from './manifest.js';

/** Who asks for a model may name any that can be loaded. */
export const MAX_MODEL_NAME_CHARACTERS = 128;

/** What a folder must be called to be that of a model. */
export const MODEL_NAME = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${MAX_MODEL_NAME_CHARACTERS - 1}}$`);

const VERSION = /^[1-9]\d{0,8}$/;

/** Whether a folder's name is the number of a version. */
export function isVersion(folder: string): boolean {
  return VERSION.test(folder);
}

/** A folder `<name>/<version>` under the model directory, before anything is loaded. */
export interface ModelFolder {
  name: string;
  version: string;
  folder: string;
  /** Absent for a bare TensorFlow.js model, which is served as a tensor model. */
  manifest?: Manifest;
  /** Why the folder cannot be loaded, a sentence. */
  refusal?: string;
}

/**
 * Lists the model versions under a directory, by name and then by version number. Hidden folders are passed over, and so are
 * those that cannot be read and have no model's name, as `lost+found` of a volume.
 * @throws {Error} a sentence, when the directory cannot be read.
 */
export function listModelFolders(modelDir: string): ModelFolder[] {
  let names: string[];
  try {
    names = subfolders(modelDir);
  } catch (error) {
    throw new Error(`the model directory "${modelDir}" cannot be read: ${codeOf(error)}`, { cause: error });
  }
  // What is not a version, such as "10.bak", has its place in this order, too: else it would put the others out of theirs.
  const byNumber = new Intl.Collator('en', { numeric: true });
  return names
    .flatMap((name) => listVersions(name, join(modelDir, name)))
    .sort((a, b) => a.name.localeCompare(b.name) || byNumber.compare(a.version, b.version));
}

function listVersions(name: string, folder: string): ModelFolder[] {
  try {
    return refuseBare(subfolders(folder).map((version) => inspect(name, version, join(folder, version))));
  } catch (error) {
    const refusal = `the folder cannot be read: ${codeOf(error)}`;
    return MODEL_NAME.test(name) ? [{ name, version: '?', folder, refusal }] : [];
  }
}

/** A copy that has lost its falcon.json would be served as a tensor model, in the place of a version that takes texts. */
function refuseBare(versions: ModelFolder[]): ModelFolder[] {
  const isDescribed = versions.some(({ version, folder }) => isVersion(version) && existsSync(join(folder, 'falcon.json')));
  const refusal = 'falcon.json is missing, and another version of the model has one';
  return versions.map((found) =>
    isDescribed && !found.manifest && found.refusal === undefined ? { ...found, refusal } : found,
  );
}

function subfolders(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.startsWith('.') && isFolder(join(folder, name)));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return true; // a link that leads nowhere, for one; whoever reads it says why it cannot be read
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function inspect(name: string, version: string, folder: string): ModelFolder {
  if (!MODEL_NAME.test(name)) {
    return { name, version, folder, refusal: `"${name}" is not a model name: letters, digits, ".", "_" and "-" only` };
  }
  if (!isVersion(version)) {
    return { name, version, folder, refusal: `"${version}" is not a version: a version is a whole number from 1` };
  }
  return { name, version, folder, ...readManifest(folder) };
}

function readManifest(folder: string): Pick<ModelFolder, 'manifest' | 'refusal'> {
  let text: string;
  try {
    text = readFileSync(join(folder, 'falcon.json'), 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT') return { refusal: `falcon.json cannot be read: ${code}` };
    return existsSync(folder) ? {} : { refusal: `the folder cannot be read: ${code}` };
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { refusal: `falcon.json is not JSON: ${(error as Error).message}` };
  }
  const parsed = manifestSchema.safeParse(json);
  return parsed.success ? { manifest: parsed.data } : { refusal: `falcon.json is wrong: ${sentence(parsed.error)}` };
}

function sentence(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.length > 0 ? path.join('.') : 'it'}: ${message}`).join('; ');
}
