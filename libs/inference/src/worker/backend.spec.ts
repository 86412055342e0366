import * as tf from '@tensorflow/tfjs-core';
import { startBackend } from './backend.js';
import { installFastGather } from './fast-gather.js';
import { guardWasmHeap, isPoisonous, WasmHeapExhaustedError, wasmHeapBytes } from './wasm-heap.js';

/** Row widths on both sides of where the copying changes its form. */
const WIDTHS = [1, 3, 15, 16, 64];

tf.enableProdMode(); // no banner

describe.each(['wasm', 'cpu'] as const)('gathering on %s', (backendName) => {
  const stock = new Map<number, Float32Array>();
  const ids = () => tf.tensor2d([0, 9, 3, 3, 7, 1], [2, 3], 'int32');
  const table = (width: number) => tf.randomUniform([10, width], -1, 1, 'float32', width);

  beforeAll(async () => {
    await (backendName === 'wasm' ? import('@tensorflow/tfjs-backend-wasm') : import('@tensorflow/tfjs-backend-cpu'));
    await tf.setBackend(backendName);
    for (const width of WIDTHS) stock.set(width, tf.gather(table(width), ids()).dataSync<'float32'>());
    installFastGather(backendName);
  });

  it.each(WIDTHS)('copies rows of %d elements bit-equal to the stock kernel', (width) => {
    const gathered = tf.gather(table(width), ids());
    expect(gathered.shape).toEqual([2, 3, width]);
    expect(gathered.dataSync()).toEqual(stock.get(width));
  });

  it.each([10, -1])('refuses the row %d of a table of 10, as the stock kernel does', (row) => {
    expect(() => tf.gather(table(3), tf.tensor1d([row], 'int32'))).toThrow(
      `GatherV2: the index value ${row} is not in [0, 9]`,
    );
  });

  it('leaves other axes to the stock kernel', () => {
    const gathered = tf.gather(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor1d([1], 'int32'), 1);
    expect(gathered.dataSync()).toEqual(Float32Array.from([2, 4]));
  });

  it('leaves other types to the stock kernel', () => {
    const gathered = tf.gather(tf.tensor1d([10, 20, 30], 'int32'), tf.tensor1d([2, 0], 'int32'));
    expect(gathered.dataSync()).toEqual(Int32Array.from([30, 10]));
  });
});

describe('the wasm backend', () => {
  beforeAll(async () => {
    await import('@tensorflow/tfjs-backend-wasm');
    await tf.setBackend('wasm');
    guardWasmHeap();
  });

  it('throws when the heap has no room, instead of writing to address 0', () => {
    const heap = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
    const threeGiB = 3 * 2 ** 30;
    expect(heap.wasm._malloc(threeGiB)).toBeGreaterThan(0); // never touched, so it takes no memory
    expect(() => heap.wasm._malloc(threeGiB)).toThrow(WasmHeapExhaustedError);
  });

  it('tells an error that breaks the instance from one that a single input caused', () => {
    expect(isPoisonous(new WasmHeapExhaustedError(1, 1))).toBe(true);
    expect(isPoisonous(Object.assign(new Error('unreachable'), { name: 'RuntimeError' }))).toBe(true);
    expect(isPoisonous(new Error('Aborted(). Build with -sASSERTIONS for more info.'))).toBe(true);
    expect(isPoisonous(new Error('GatherV2: the index value 10 is not in [0, 9]'))).toBe(false);
    expect(isPoisonous('a string')).toBe(false);
  });

  it('knows the size of its heap', () => {
    expect(wasmHeapBytes()).toBeGreaterThanOrEqual(16 * 2 ** 20);
  });

  it('says that a backend is absent', async () => {
    await expect(startBackend('tensorflow')).rejects.toThrow('needs the package @tensorflow/tfjs-node');
  });
});
