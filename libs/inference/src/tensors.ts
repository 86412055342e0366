import type { TensorDtype } from './models/manifest.js';

/** Elements of a tensor, in row-major order; bool is one byte each. */
export type TensorData = Float32Array | Int32Array | Uint8Array;

/** A tensor as it travels between the caller, the serving thread and a worker. */
export interface TensorValue {
  dtype: TensorDtype;
  shape: number[];
  data: TensorData;
}

/** Tensors by the name that the model's signature gives them. */
export type NamedTensors = Record<string, TensorValue>;

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
