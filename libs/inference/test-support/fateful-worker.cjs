// A worker that computes nothing. What becomes of a load is in the file "fate" of the model's folder: loads, refuses or dies.
const { readFileSync } = require('node:fs');
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

parentPort.on('message', ({ key, folder }) => {
  const fate = readFileSync(join(folder, 'fate'), 'utf8');
  if (fate === 'dies') process.exit(3);
  if (fate === 'refuses') send({ type: 'refused', key, reason: 'its fate', missingKernel: false });
  else send({ type: 'loaded', key, model });
});
setInterval(() => send({ type: 'beat' }), 1000);
send({ type: 'started' });
