import { InvalidInputError } from '../inference.errors.js';
import { elementCount, type NamedTensors, type TensorData, type TensorValue } from '../tensors.js';
import type { Signature, TensorSpec } from './manifest.js';

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/**
 * Checks inputs against a model's signature before they are queued: TensorFlow.js itself accepts wrong types, one rank
 * too few, NaN and infinities, and answers with garbage.
 * @throws {InvalidInputError} that names the first member that does not fit.
 */
export function checkInputs(signature: Signature, inputs: NamedTensors, maxBytes: number): void {
  const names = new Set(signature.inputs.map(({ name }) => name));
  const unknown = Object.keys(inputs).find((name) => !names.has(name));
  if (unknown !== undefined) throw new InvalidInputError(unknown, `The model has no input "${unknown}".`);
  let bytes = 0;
  let rows: number | undefined;
  for (const spec of signature.inputs) {
    const value = inputs[spec.name];
    if (!value) throw new InvalidInputError(spec.name, `The input "${spec.name}" is missing.`);
    checkTensor(spec, value);
    bytes += value.data.byteLength;
    if (spec.shape[0] !== null) continue;
    rows ??= value.shape[0];
    if (value.shape[0] !== rows) {
      throw new InvalidInputError(spec.name, `The inputs differ in their first dimension: ${rows} and ${value.shape[0]}.`);
    }
  }
  if (bytes > maxBytes) {
    const [first] = signature.inputs;
    throw new InvalidInputError(first?.name ?? '', `The inputs have ${bytes} bytes; the model takes up to ${maxBytes}.`);
  }
}

function checkTensor({ name, dtype, shape }: TensorSpec, value: TensorValue): void {
  const fail = (message: string) => {
    throw new InvalidInputError(name, `The input "${name}" ${message}.`);
  };
  if (value.dtype !== dtype || !(value.data instanceof ARRAYS[dtype])) fail(`must be ${dtype}, but is ${value.dtype}`);
  const fits = value.shape.length === shape.length && shape.every((size, k) => size === null || size === value.shape[k]);
  const wanted = shape.map((size) => size ?? '?').join(', ');
  if (!fits) fail(`must have the shape [${wanted}], but has [${value.shape.join(', ')}]`);
  if (!value.shape.every((size) => Number.isInteger(size) && size > 0)) fail('must have no empty dimension');
  const count = elementCount(value.shape);
  if (value.data.length !== count) fail(`must have ${count} elements, but has ${value.data.length}`);
  checkElements(dtype, value.data, fail);
}

function checkElements(dtype: TensorSpec['dtype'], data: TensorData, fail: (message: string) => void): void {
  if (dtype === 'float32' && !data.every(Number.isFinite)) fail('must be finite: NaN and infinities are not accepted');
  if (dtype === 'bool' && !data.every((element) => element <= 1)) fail('must consist of 0 and 1');
}
