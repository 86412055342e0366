/**
 * Entry of an inference worker: a thread, or a child process for the native backend, whose addon does not survive threads.
 * It loads models and computes one batch at a time, in the order of the messages.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { startBackend } from './backend.js';
import type { BatchInput, FromWorker, ItemOutput, ToWorker, WorkerSettings } from './protocol.js';
import { ServedModel } from './served-model.js';
import { isPoisonous, wasmHeapBytes } from './wasm-heap.js';

const models = new Map<string, ServedModel>();

function send(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  if (parentPort) parentPort.postMessage(message, transfer);
  else process.send?.(message);
}

async function load(message: Extract<ToWorker, { type: 'load' }>, settings: WorkerSettings): Promise<void> {
  const { key } = message;
  try {
    const model = await ServedModel.load(message, settings);
    models.set(key, model);
    send({ type: 'loaded', key, model: model.facts });
  } catch (error) {
    const reason = messageOf(error);
    send({ type: 'refused', key, reason, missingKernel: /Kernel '\w+' not registered for backend/.test(reason) });
    if (isPoisonous(error)) throw error;
  }
}

async function run({ key, input }: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  const model = models.get(key);
  if (!model) throw new Error(`asked to run "${key}", which is not loaded`);
  const startedMs = performance.now();
  const items = await runOrIsolate(model, input);
  const computeMs = performance.now() - startedMs;
  const liveTensors = tf.memory().numTensors;
  send({ type: 'done', output: { items, computeMs, liveTensors, heapBytes: wasmHeapBytes() } }, [
    ...new Set(items.flatMap(buffersOf)),
  ]);
}

/** Computes a batch; when it fails as a whole, item by item, so that a bad item does not fail its neighbours. */
async function runOrIsolate(model: ServedModel, input: BatchInput): Promise<ItemOutput[]> {
  try {
    return await model.run(input);
  } catch (error) {
    if (isPoisonous(error)) throw error;
    const singles = singleItems(input);
    if (singles.length === 1) return [{ failure: messageOf(error) }];
    const outputs: ItemOutput[] = [];
    for (const single of singles) outputs.push(...(await runOrIsolate(model, single)));
    return outputs;
  }
}

function singleItems(input: BatchInput): BatchInput[] {
  return 'texts' in input
    ? input.texts.map((text) => ({ texts: [text] }))
    : input.tensors.map((item) => ({ tensors: [item] }));
}

function buffersOf(item: ItemOutput): ArrayBuffer[] {
  if ('probabilities' in item) return [item.probabilities.buffer as ArrayBuffer];
  if ('tensors' in item) return Object.values(item.tensors).map(({ data }) => data.buffer as ArrayBuffer);
  return [];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function main(settings: WorkerSettings): void {
  let turn = startBackend(settings.backend).then(() => send({ type: 'started' }));
  const poisoned = (error: unknown) => {
    models.clear();
    send({ type: 'poisoned', reason: messageOf(error) });
  };
  turn.catch(poisoned);
  const receive = (message: ToWorker) => {
    turn = turn.then(() => (message.type === 'load' ? load(message, settings) : run(message)));
    turn.catch(poisoned);
  };
  if (parentPort) parentPort.on('message', receive);
  else process.on('message', receive).on('disconnect', () => process.exit(0));
}

main((workerData as WorkerSettings | null) ?? (JSON.parse(process.argv[2] ?? 'null') as WorkerSettings));
