/**
 * Entry of an inference worker: a thread, or a child process for the native backend, whose addon does not survive threads.
 * It loads models and computes one batch at a time, in the order of the messages.
 */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs-core';
import { messageOf } from '../message-of.js';
import { startBackend } from './backend.js';
import { runOrIsolate } from './isolate.js';
import {
  BEAT_MS,
  type Computed,
  type FromWorker,
  type ToWorker,
  type WorkerMemory,
  type WorkerSettings,
} from './protocol.js';
import { ServedModel } from './served-model.js';
import { isPoisonous, wasmHeapBytes } from './wasm-heap.js';

/**
 * How much nicer (nice(1)) whoever computes is than whoever serves: probes, refusals and answers from the cache do not wait for a core until
 * a batch is done. On a single core that both want all of, computing still gets a quarter.
 */
const NICENESS = 5;

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
    send({ type: 'loaded', key, model: model.facts, memory: memory() });
  } catch (error) {
    if (isPoisonous(error)) throw error; // told as the worker's end, so that it is given nothing more and the model is to blame
    const reason = messageOf(error);
    const missingKernel = /Kernel '\w+' not registered for backend/.test(reason);
    send({ type: 'refused', key, reason, missingKernel, memory: memory() });
  }
}

async function run({ key, input }: Extract<ToWorker, { type: 'run' }>): Promise<void> {
  const model = models.get(key);
  if (!model) throw new Error(`asked to run "${key}", which is not loaded`);
  const startedMs = performance.now();
  const { computed, failures } = await runOrIsolate((batch) => model.run(batch), input);
  const computeMs = performance.now() - startedMs;
  send({ type: 'done', output: { computed, failures, computeMs }, memory: memory() }, buffersOf(computed));
}

function memory(): WorkerMemory {
  return { liveTensors: tf.memory().numTensors, heapBytes: wasmHeapBytes() };
}

function buffersOf(computed: Computed): ArrayBuffer[] {
  if ('probabilities' in computed) return [computed.probabilities.buffer as ArrayBuffer];
  const all = computed.tensors.flatMap((item) => Object.values(item).map(({ data }) => data.buffer as ArrayBuffer));
  return [...new Set(all)];
}

/** Linux has a niceness for each thread; elsewhere a thread would lower that of the whole process. */
function yieldToServing(): void {
  if (parentPort && process.platform !== 'linux') return;
  try {
    os.setPriority(Math.min(os.getPriority() + NICENESS, os.constants.priority.PRIORITY_LOW));
  } catch {
    // A sandbox may forbid it. All works without, only less promptly.
  }
}

function main(settings: WorkerSettings): void {
  yieldToServing();
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
  else {
    process.on('message', receive).on('disconnect', () => process.exit(0));
    // A terminal and systemd signal a whole group: batches of a server that drains are still to be computed.
    process.on('SIGINT', () => undefined).on('SIGTERM', () => undefined);
  }
  setInterval(() => send({ type: 'beat' }), BEAT_MS).unref();
}

main((workerData as WorkerSettings | null) ?? (JSON.parse(process.argv[2] ?? 'null') as WorkerSettings));
