// A worker that computes nothing. What becomes of a load is in the file "fate" of the model's folder: loads, refuses or dies.
// Of "one waits" the first worker waits until the file says something else, and the others refuse.
const { mkdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parentPort } = require('node:worker_threads');

const send = (message) => parentPort.postMessage(message, []);

const model = {
  signature: { inputs: [], outputs: [] },
  batchable: true,
  maxInputBytes: 100,
  weightBytes: 0,
  loadSeconds: 0,
};

function fateIn(folder) {
  const read = () => readFileSync(join(folder, 'fate'), 'utf8');
  if (read() !== 'one waits') return read();
  const isFirst = mkdirSync(join(folder, 'waits'), { recursive: true }) !== undefined;
  if (!isFirst) return 'refuses';
  while (read() === 'one waits') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
  return read();
}

parentPort.on('message', ({ key, folder }) => {
  const fate = fateIn(folder);
  if (fate === 'dies') process.exit(3);
  if (fate === 'refuses') send({ type: 'refused', key, reason: 'its fate', missingKernel: false });
  else send({ type: 'loaded', key, model });
});
setInterval(() => send({ type: 'beat' }), 1000);
send({ type: 'started' });
