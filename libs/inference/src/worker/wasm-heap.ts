import * as tf from '@tensorflow/tfjs-core';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm/dist/backend_wasm';

/** The part of the emscripten module that TensorFlow.js's own types leave out. */
interface WasmModule {
  HEAPU8: Uint8Array;
  _malloc(bytes: number): number;
}

/** The wasm heap is full: the backend is unusable from here on. */
export class WasmHeapExhaustedError extends Error {
  constructor(bytes: number, heapBytes: number) {
    super(`the wasm heap (${heapBytes} bytes) has no room for ${bytes} more`);
  }
}

/**
 * Makes an exhausted heap loud. TensorFlow.js does not check what malloc returns: at the 4 GiB limit it would write the
 * tensor at address 0 and answer with garbage. Near that limit malloc has also been seen to return, for a request whose end
 * lies beyond 2^32, an address close to the end of the heap; so the end is checked too.
 */
export function guardWasmHeap(): void {
  const wasm = wasmModule();
  const malloc = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes: number) => {
    const address = malloc(bytes);
    const start = address >>> 0; // addresses above 2 GiB come back negative
    if (bytes > 0 && (start === 0 || start + bytes > wasm.HEAPU8.length)) {
      throw new WasmHeapExhaustedError(bytes, wasm.HEAPU8.length);
    }
    return address;
  };
}

/** Size of the wasm heap in bytes; 0 on another backend. */
export function wasmHeapBytes(): number {
  return tf.getBackend() === 'wasm' ? wasmModule().HEAPU8.length : 0;
}

/** Whether an error means that the wasm instance is broken for good, not merely that one input was wrong. */
export function isPoisonous(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Instances of WebAssembly.RuntimeError are told by their name: memory access out of bounds, unreachable, aborts.
  return error instanceof WasmHeapExhaustedError || error.name === 'RuntimeError' || error.message.includes('Aborted(');
}

function wasmModule(): WasmModule {
  return (tf.backend() as BackendWasm).wasm as unknown as WasmModule;
}
