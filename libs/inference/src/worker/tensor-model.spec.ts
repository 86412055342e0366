import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { TensorModel } from './tensor-model.js';

tf.enableProdMode(); // no banner

describe('TensorModel', () => {
  it('keeps its weights when what it gave is transferred to another thread', async () => {
    await tf.setBackend('cpu');
    const node = [{ name: 'y', op: 'Const', attr: { dtype: { type: 'DT_FLOAT' } } }];
    const artifacts = {
      modelTopology: { node, versions: { producer: 1 } },
      weightSpecs: [{ name: 'y', dtype: 'float32' as const, shape: [2] }],
      weightData: Float32Array.of(1, 2).buffer,
    };
    const model = await TensorModel.load({ kind: 'graph', artifacts, weightBytes: 8 });
    for (let k = 0; k < 2; k++) {
      const { y } = await model.run({});
      expect(y?.data).toEqual(Float32Array.of(1, 2));
      structuredClone(y, { transfer: [y?.data.buffer as ArrayBuffer] });
    }
    model.dispose();
  });
});
