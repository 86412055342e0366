import { mergeNetworks } from './merge-networks.js';
import { Random } from './random.js';
import { SparseNetwork } from './sparse-network.js';

const features = { ids: Int32Array.of(1, 3), weights: Float32Array.of(0.6, 0.8) };

function network(hiddenUnits: number, seed: number): SparseNetwork {
  const made = new SparseNetwork({ rows: 4, classes: 2, hiddenUnits });
  const random = new Random(seed);
  for (const some of [made.embedding, made.dense?.kernel, made.dense?.bias])
    for (let k = 0; k < (some?.length ?? 0); k++) some![k] = random.normal();
  return made;
}

function logitsOf(networks: readonly SparseNetwork[], share = 1): number[] {
  const logits = new Float64Array(2);
  for (const one of networks) one.addLogits(features, logits, share);
  return [...logits];
}

describe('mergeNetworks', () => {
  it('gives the weighted mean of the logits in at most two networks', () => {
    const members = [network(0, 1), network(3, 2), network(0, 3), network(2, 4)];
    const merged = mergeNetworks(members.map((one, k) => ({ network: one, share: k === 0 ? 2 : 1 })));
    expect(merged.map(({ shape }) => shape.hiddenUnits)).toEqual([0, 5]);
    const [a, b] = logitsOf([members[0]!, ...members]);
    const [gotA, gotB] = logitsOf(merged);
    expect(gotA).toBeCloseTo(a! / 5, 5);
    expect(gotB).toBeCloseTo(b! / 5, 5);
  });

  it('leaves a single member as it is', () => {
    const only = network(3, 1);
    expect(logitsOf(mergeNetworks([{ network: only, share: 7 }]))).toEqual(logitsOf([only]));
  });
});
