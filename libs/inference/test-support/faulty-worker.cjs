// A real worker in which one kernel misbehaves on magic numbers, so that tests can make it hang, die or abort on purpose.
const { openSync } = require('node:fs');
const tf = require('@tensorflow/tfjs-core');
require('@tensorflow/tfjs-backend-wasm');

function hang() {
  for (;;);
}

const stock = tf.getKernel('_FusedMatMul', 'wasm');
tf.unregisterKernel('_FusedMatMul', 'wasm');
tf.registerKernel({
  ...stock,
  kernelFunc: (call) => {
    const values = call.backend.typedArrayFromHeap(call.inputs.a);
    if (values.includes(666)) hang();
    if (values.includes(667)) process.exit(3); // dies
    if (values.includes(668)) throw new WebAssembly.RuntimeError('memory access out of bounds'); // as a broken heap does
    if (values.includes(669)) throw new Error('only this item is bad');
    if (values.includes(670)) setTimeout(hang, 50); // answers, and hangs when it has nothing to do
    if (values.includes(671)) setTimeout(() => openSync(`/tmp/falcon-${process.pid}.fifo`), 50); // the same, and nothing can end it
    return stock.kernelFunc(call);
  },
});
require('../../../dist/libs/inference/src/worker/worker-main.js');
