import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';

/**
 * Replaces the stock wasm GatherV2 kernel, which costs about 35 ns per copied element and is over 90 % of the time of an
 * embedding model, by one that copies whole rows. Results, range check and message are the stock kernel's; whatever the
 * fast form does not cover (another axis or type, batch dimensions) is left to the stock kernel.
 */
export function installFastGather(): void {
  const stock = tf.getKernel('GatherV2', 'wasm').kernelFunc;
  tf.unregisterKernel('GatherV2', 'wasm');
  tf.registerKernel({
    kernelName: 'GatherV2',
    backendName: 'wasm',
    kernelFunc: (call) => {
      const { x, indices } = call.inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
      const { axis, batchDims } = call.attrs as unknown as { axis: number; batchDims: number };
      const covered = axis === 0 && batchDims === 0 && x.dtype === 'float32' && indices.dtype === 'int32';
      return covered ? gatherRows(call.backend as BackendWasm, x, indices) : stock(call);
    },
  });
}

function gatherRows(backend: BackendWasm, x: tf.TensorInfo, indices: tf.TensorInfo): tf.TensorInfo {
  const rowShape = x.shape.slice(1);
  const width = rowShape.reduce((product, size) => product * size, 1);
  const rows = x.shape[0] ?? 0;
  for (const index of backend.typedArrayFromHeap(indices)) {
    if (index < 0 || index >= rows) throw new Error(`GatherV2: the index value ${index} is not in [0, ${rows - 1}]`);
  }
  const out = backend.makeOutput([...indices.shape, ...rowShape], 'float32');
  // Views are taken after the allocation, which may have grown the heap and detached earlier ones.
  const source = backend.typedArrayFromHeap(x) as Float32Array;
  const ids = backend.typedArrayFromHeap(indices) as Int32Array;
  copyRows(source, ids, backend.typedArrayFromHeap(out) as Float32Array, width);
  return out;
}

function copyRows(source: Float32Array, ids: Int32Array, target: Float32Array, width: number): void {
  let to = 0;
  if (width < 16) {
    // Below about 16 elements the call of set() and the view that it needs cost more than a loop.
    for (const id of ids) {
      const from = id * width;
      for (let k = 0; k < width; k++) target[to++] = source[from + k] as number;
    }
    return;
  }
  for (const id of ids) {
    target.set(source.subarray(id * width, (id + 1) * width), to);
    to += width;
  }
}
