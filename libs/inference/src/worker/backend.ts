import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { installFastGather } from './fast-gather.js';
import type { BackendName } from './protocol.js';
import { guardWasmHeap } from './wasm-heap.js';

/** Loads one backend and makes it the thread's only one. @throws {Error} a sentence, when it cannot be had. */
export async function startBackend(name: BackendName): Promise<void> {
  tf.enableProdMode();
  await importBackend(name);
  if (!(await tf.setBackend(name))) throw new Error(`the TensorFlow.js backend "${name}" did not start`);
  await tf.ready();
  if (name === 'wasm') guardWasmHeap();
  if (name !== 'tensorflow') installFastGather(name);
}

async function importBackend(name: BackendName): Promise<void> {
  if (name === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  if (name === 'cpu') await import('@tensorflow/tfjs-backend-cpu');
  if (name === 'tensorflow') await importTensorFlow();
}

async function importTensorFlow(): Promise<void> {
  // tfjs-node 4.22 calls two functions that Node 23 removed (tensorflow/tfjs pull request 8425, never released).
  const legacy = util as unknown as Record<string, unknown>;
  legacy['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  legacy['isArray'] ??= Array.isArray;
  // The name is not a literal because the package is an optional peer: the compiler must not look for it.
  const peer: string = '@tensorflow/tfjs-node';
  await import(peer).catch((error: unknown) => {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new Error(
      `INFERENCE_BACKEND=tensorflow needs the package @tensorflow/tfjs-node, which cannot be loaded (${reason}). ` +
        'Install it (npm install @tensorflow/tfjs-node@4.22.0) or use INFERENCE_BACKEND=auto',
    );
  });
}
