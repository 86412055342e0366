import { elementCount, type NamedTensors, type TensorData, type TensorValue } from './tensors.js';

/** Joins items along their first dimension; all must have the same names, types and further dimensions. */
export function concatItems(items: readonly NamedTensors[]): NamedTensors {
  const [first, ...others] = items;
  if (!first) throw new Error('a batch needs at least one item');
  if (others.length === 0) return first;
  return Object.fromEntries(
    Object.keys(first).map((name) => [name, concatTensors(items.map((item) => item[name] as TensorValue))]),
  );
}

/**
 * Cuts outputs back into items of `sizes` rows each; those of a single item are its own, whatever their rows.
 * @throws {Error} a sentence, when an output has not a row for each of the inputs': nobody knows then whose they are.
 */
export function splitItems(outputs: NamedTensors, sizes: readonly number[]): NamedTensors[] {
  if (sizes.length === 1) return [outputs];
  const rows = sizes.reduce((sum, size) => sum + size, 0);
  for (const [name, { shape }] of Object.entries(outputs)) {
    if (shape[0] !== rows) throw new Error(`the output "${name}" of ${rows} rows has the shape [${shape.join(', ')}]`);
  }
  let row = 0;
  return sizes.map((size) => {
    const from = row;
    row += size;
    return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, sliceRows(value, from, size)]));
  });
}

/** Items may be computed together when this key of theirs is equal: the same dimensions but for the first. */
export function shapeKey(inputs: NamedTensors): string {
  return Object.keys(inputs)
    .sort()
    .map((name) => `${name}:${inputs[name]?.shape.slice(1).join('x')}`)
    .join(';');
}

/** Bytes of all tensors of an item. */
export function byteLength(inputs: NamedTensors): number {
  return Object.values(inputs).reduce((sum, { data }) => sum + data.byteLength, 0);
}

function concatTensors(values: TensorValue[]): TensorValue {
  const [first] = values as [TensorValue];
  const rows = values.reduce((sum, { shape }) => sum + (shape[0] ?? 1), 0);
  const shape = [rows, ...first.shape.slice(1)];
  const data = new (first.data.constructor as new (length: number) => TensorData)(elementCount(shape));
  let offset = 0;
  for (const value of values) {
    data.set(value.data, offset);
    offset += value.data.length;
  }
  return { dtype: first.dtype, shape, data };
}

function sliceRows({ dtype, shape, data }: TensorValue, from: number, rows: number): TensorValue {
  const width = elementCount(shape.slice(1));
  return { dtype, shape: [rows, ...shape.slice(1)], data: data.slice(from * width, (from + rows) * width) };
}
