/** Weights as whole numbers: value = code * scale + min, which TensorFlow.js undoes when it loads them. */
export interface QuantisedWeights {
  dtype: 'uint8' | 'uint16';
  codes: Uint8Array | Uint16Array;
  min: number;
  scale: number;
}

/** Rounds weights to the steps between the lowest and the highest one that the type has room for. */
export function quantise(weights: Float32Array, dtype: 'uint8' | 'uint16'): QuantisedWeights {
  let min = Infinity;
  let max = -Infinity;
  for (const weight of weights) {
    if (weight < min) min = weight;
    if (weight > max) max = weight;
  }
  const steps = dtype === 'uint8' ? 0xff : 0xffff;
  const scale = max > min ? (max - min) / steps : 1;
  const codes = dtype === 'uint8' ? new Uint8Array(weights.length) : new Uint16Array(weights.length);
  for (let k = 0; k < weights.length; k++) codes[k] = Math.round((weights[k]! - min) / scale);
  return { dtype, codes, min, scale };
}

/** The weights as TensorFlow.js will see them. */
export function dequantise({ codes, min, scale }: QuantisedWeights): Float32Array {
  const weights = new Float32Array(codes.length);
  for (let k = 0; k < codes.length; k++) weights[k] = codes[k]! * scale + min;
  return weights;
}

/** The same codes for weights `factor` times as large: costs no precision. */
export function scaleQuantised(weights: QuantisedWeights, factor: number): QuantisedWeights {
  return { ...weights, min: weights.min * factor, scale: weights.scale * factor };
}
