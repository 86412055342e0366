import { Gradient } from './gradient.js';
import { Random } from './random.js';
import { softmaxInPlace } from './softmax.js';
import { SparseNetwork } from './sparse-network.js';

const features = { ids: Int32Array.of(1, 4, 2), weights: Float32Array.of(0.5, 0.75, -0.25) };
const target = Float64Array.of(0.1, 0.7, 0.2);
const importance = 1.5;
/** Float32 weights hold about seven digits, so a step of this size leaves four of a slope. */
const STEP = 1e-2;

function randomNetwork(hiddenUnits: number): SparseNetwork {
  const network = new SparseNetwork({ rows: 6, classes: 3, hiddenUnits });
  const random = new Random(7);
  const weights = [network.embedding, network.dense?.kernel ?? [], network.dense?.bias ?? []];
  for (const some of weights) for (let k = 0; k < some.length; k++) some[k] = random.normal();
  return network;
}

/** The loss as it is defined, by the network that serves. */
function lossOf(network: SparseNetwork): number {
  const logits = new Float64Array(3);
  network.addLogits(features, logits);
  const wanted = target.reduce((sum, share, c) => sum + share * logits[c]!, 0);
  return importance * (softmaxInPlace(logits) - wanted);
}

function measuredSlope(network: SparseNetwork, weights: Float32Array, index: number): number {
  const before = weights[index]!;
  weights[index] = before + STEP;
  const above = lossOf(network);
  weights[index] = before - STEP;
  const below = lossOf(network);
  weights[index] = before;
  return (above - below) / (2 * STEP);
}

describe.each([
  ['a linear network', 0],
  ['a hidden network', 5],
])('the gradient of %s', (_, hiddenUnits) => {
  const network = randomNetwork(hiddenUnits);
  const gradient = new Gradient(network);
  const loss = gradient.add(features, target, importance, new Float64Array(hiddenUnits).fill(1));

  it('comes with the loss', () => expect(importance * loss).toBeCloseTo(lossOf(network), 5));

  it('is the slope of the loss for every weight of the rows that the text touches', () => {
    expect(gradient.touched).toEqual([1, 4, 2]);
    gradient.touched.forEach((id, place) => {
      for (let unit = 0; unit < network.width; unit++) {
        const slope = measuredSlope(network, network.embedding, id * network.width + unit);
        expect(gradient.embedding[place * network.width + unit]).toBeCloseTo(slope, 3);
      }
    });
  });

  it('is the slope of the loss for every weight of the dense layer', () => {
    const { kernel, bias } = network.dense ?? { kernel: new Float32Array(), bias: new Float32Array() };
    kernel.forEach((_, k) => expect(gradient.kernel[k]).toBeCloseTo(measuredSlope(network, kernel, k), 3));
    bias.forEach((_, k) => expect(gradient.bias[k]).toBeCloseTo(measuredSlope(network, bias, k), 3));
    expect(kernel).toHaveLength(3 * hiddenUnits);
  });

  it('of two texts is the sum, and of none is nothing', () => {
    const ones = new Float64Array(hiddenUnits).fill(1);
    const once = gradient.embedding.slice(0, 3 * network.width);
    gradient.add(features, target, importance, ones);
    expect(gradient.embedding.slice(0, 3 * network.width)).toEqual(once.map((slope) => 2 * slope));
    gradient.clear();
    expect(gradient.touched).toEqual([]);
    gradient.add(features, target, importance, ones);
    expect(gradient.embedding.slice(0, 3 * network.width)).toEqual(once);
  });
});

describe('the gradient with dropout', () => {
  it('leaves what was dropped alone', () => {
    const network = randomNetwork(2);
    network.embedding.fill(1);
    const gradient = new Gradient(network);
    gradient.add({ ids: Int32Array.of(1, 2), weights: Float32Array.of(1, 0) }, target, 1, Float64Array.of(0, 2));
    expect(gradient.touched).toEqual([1]);
    expect([...gradient.kernel.subarray(0, 3)]).toEqual([0, 0, 0]);
    expect(gradient.embedding[0]).toBe(0);
    expect(gradient.embedding[1]).not.toBe(0);
  });
});
