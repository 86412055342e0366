import * as tf from '@tensorflow/tfjs-core';
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu/dist/backend_cpu';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';

/** How a backend's tensors are read and made without copying them. */
interface Memory {
  valuesOf(tensor: tf.TensorInfo): tf.backend_util.BackendValues | undefined;
  makeFloats(shape: number[]): tf.TensorInfo;
}

const MEMORY_OF = {
  wasm: (backend: BackendWasm): Memory => ({
    valuesOf: (tensor) => backend.typedArrayFromHeap(tensor),
    makeFloats: (shape) => backend.makeOutput(shape, 'float32'),
  }),
  cpu: (backend: MathBackendCPU): Memory => ({
    valuesOf: ({ dataId }) => backend.data.get(dataId).values,
    makeFloats: (shape) => backend.makeTensorInfo(shape, 'float32', new Float32Array(tf.util.sizeFromShape(shape))),
  }),
};

/**
 * Replaces a backend's stock GatherV2 kernel, which costs about 35 ns per copied element on wasm, 54 on cpu, and is most of the
 * time of an embedding model, by one that copies whole rows. Results, range check and message are the stock kernel's;
 * whatever the fast form does not cover (another axis or type, batch dimensions) is left to the stock kernel.
 */
export function installFastGather(backendName: keyof typeof MEMORY_OF): void {
  const stock = tf.getKernel('GatherV2', backendName).kernelFunc;
  tf.unregisterKernel('GatherV2', backendName);
  tf.registerKernel({
    kernelName: 'GatherV2',
    backendName,
    kernelFunc: (call) => {
      const { x, indices } = call.inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
      const { axis, batchDims } = call.attrs as unknown as { axis: number; batchDims: number };
      const covered = axis === 0 && batchDims === 0 && x.dtype === 'float32' && indices.dtype === 'int32';
      if (!covered) return stock(call);
      return gatherRows(MEMORY_OF[backendName](call.backend as BackendWasm & MathBackendCPU), x, indices);
    },
  });
}

function gatherRows(memory: Memory, x: tf.TensorInfo, indices: tf.TensorInfo): tf.TensorInfo {
  const rowShape = x.shape.slice(1);
  const rows = x.shape[0] ?? 0;
  for (const index of memory.valuesOf(indices) as Int32Array) {
    if (index < 0 || index >= rows) throw new Error(`GatherV2: the index value ${index} is not in [0, ${rows - 1}]`);
  }
  const out = memory.makeFloats([...indices.shape, ...rowShape]);
  // Views are taken after the allocation, which may have grown the heap of wasm and detached earlier ones.
  const [source, ids, target] = [x, indices, out].map((tensor) => memory.valuesOf(tensor));
  copyRows(source as Float32Array, ids as Int32Array, target as Float32Array, tf.util.sizeFromShape(rowShape));
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
