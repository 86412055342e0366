import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import { elementCount } from '../tensors.js';
import type { Manifest } from '../models/manifest.js';

const BYTES_PER_ELEMENT: Record<string, number> = { float32: 4, int32: 4, bool: 1, complex64: 8 };
const BYTES_PER_QUANTIZED_ELEMENT: Record<string, number> = { uint8: 1, uint16: 2, float16: 2 };

interface ModelJson {
  format?: string;
  modelTopology?: { node?: unknown; model_config?: unknown } & Record<string, unknown>;
  weightsManifest?: { paths: string[]; weights: io.WeightsManifestEntry[] }[];
  signature?: object;
  /** The graph that fills hash tables, run once before the first answer. */
  modelInitializer?: object;
  initializerSignature?: object;
  userDefinedMetadata?: Record<string, object>;
}

/** A model's files, read, checked and ready to be handed to TensorFlow.js. */
export interface ModelFiles {
  kind: 'layers' | 'graph';
  artifacts: io.ModelArtifacts;
  /** Bytes that the weights take once decoded. */
  weightBytes: number;
}

/** Reads files of one model folder: never one outside of it, and never one whose bytes differ from what falcon.json says. */
export class ModelFolderReader {
  constructor(
    private readonly folder: string,
    private readonly manifest: Manifest | undefined,
  ) {}

  /** @throws {Error} a sentence, when the file is missing, outside the folder, not listed, or not the bytes that are listed. */
  async read(path: string): Promise<Buffer> {
    const file = await this.resolve(path);
    // Node's own words would tell whoever asks for readiness where the file is.
    const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`"${path}" cannot be read: ${error.code}`);
    });
    const listed = this.manifest?.files[path];
    if (!this.manifest) return bytes;
    if (!listed) throw new Error(`"${path}" is not listed in "files" of falcon.json`);
    if (bytes.length !== listed.bytes) {
      throw new Error(`"${path}" has ${bytes.length} bytes, falcon.json says ${listed.bytes}`);
    }
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (sha256 !== listed.sha256) throw new Error(`"${path}" has sha256 ${sha256}, falcon.json says ${listed.sha256}`);
    return bytes;
  }

  private async resolve(path: string): Promise<string> {
    const root = await realpath(this.folder).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`the folder cannot be read: ${error.code}`);
    });
    const lexical = join(root, path);
    if (!lexical.startsWith(root + sep)) throw new Error(`"${path}" escapes the model's folder`);
    const file = await realpath(lexical).catch((error: NodeJS.ErrnoException) => {
      throw new Error(error.code === 'ENOENT' ? `"${path}" is missing` : `"${path}" cannot be read: ${error.code}`);
    });
    if (!file.startsWith(root + sep)) throw new Error(`"${path}" leads out of the model's folder`);
    return file;
  }
}

/**
 * Reads model.json and its weights.
 * @throws {Error} a sentence, when a file is not what it should be.
 */
export async function readModelFiles(reader: ModelFolderReader): Promise<ModelFiles> {
  const json = parseModelJson(await reader.read('model.json'));
  const groups = json.weightsManifest ?? [];
  const weightSpecs = groups.flatMap((group) => group.weights);
  const parts = await Promise.all(groups.flatMap((group) => group.paths).map((path) => reader.read(path)));
  const weightData = new Uint8Array(Buffer.concat(parts)).buffer;
  checkWeightSize(weightSpecs, weightData.byteLength);
  const isGraph = json.format === 'graph-model' || (json.modelTopology?.node && !json.modelTopology.model_config);
  return {
    kind: isGraph ? 'graph' : 'layers',
    artifacts: {
      ...(json.modelTopology && { modelTopology: json.modelTopology }),
      ...(json.format && { format: json.format }),
      ...(json.signature && { signature: json.signature }),
      ...(json.modelInitializer && { modelInitializer: json.modelInitializer }),
      ...(json.initializerSignature && { initializerSignature: json.initializerSignature }),
      ...(json.userDefinedMetadata && { userDefinedMetadata: json.userDefinedMetadata }),
      weightSpecs,
      weightData,
    },
    weightBytes: weightSpecs.reduce((sum, spec) => sum + elementCount(spec.shape) * decodedSize(spec), 0),
  };
}

function parseModelJson(bytes: Buffer): ModelJson {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Error('"model.json" is not JSON');
  }
  if (typeof json !== 'object' || json === null || !('modelTopology' in json)) {
    throw new Error('"model.json" has no "modelTopology": it is not a TensorFlow.js model');
  }
  return json as ModelJson;
}

/** TensorFlow.js loads a weight file with trailing garbage without a word, so the sum is checked here. */
function checkWeightSize(specs: io.WeightsManifestEntry[], bytes: number): void {
  if (specs.some((spec) => spec.dtype === 'string')) return; // strings carry their own lengths
  const expected = specs.reduce((sum, spec) => sum + elementCount(spec.shape) * storedSize(spec), 0);
  if (bytes !== expected) {
    throw new Error(`the weight files have ${bytes} bytes, the weights of "model.json" need ${expected}`);
  }
}

function storedSize(spec: io.WeightsManifestEntry): number {
  const quantized = spec.quantization?.dtype;
  return (quantized && BYTES_PER_QUANTIZED_ELEMENT[quantized]) ?? decodedSize(spec);
}

function decodedSize(spec: io.WeightsManifestEntry): number {
  return BYTES_PER_ELEMENT[spec.dtype] ?? 4;
}
