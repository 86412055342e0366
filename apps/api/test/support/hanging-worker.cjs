// Preloaded into every thread of a server (NODE_OPTIONS=--require): an inference worker that is given a batch while the
// file HANG_WHILE exists never answers, as one that is caught in an endless loop; and it must be ended from outside. With
// HANG_MS it answers, so much later.
const { existsSync } = require('node:fs');
const { isMainThread, parentPort, workerData } = require('node:worker_threads');

if (!isMainThread && workerData?.backend !== undefined) {
  const on = parentPort.on.bind(parentPort);
  parentPort.on = (event, listener) =>
    on(event, (message) => {
      if (message?.type === 'run' && existsSync(process.env.HANG_WHILE)) {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(process.env.HANG_MS ?? Infinity));
      }
      listener(message);
    });
}
