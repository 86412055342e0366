import { type DenseLayer, SparseNetwork } from './sparse-network.js';

/** A trained network and the factor of its logits. */
export interface Member {
  network: SparseNetwork;
  share: number;
}

/**
 * Makes at most one linear and one hidden network that together give the weighted mean of the members' logits:
 * linear ones add up, hidden ones stand side by side.
 */
export function mergeNetworks(members: readonly Member[]): SparseNetwork[] {
  const total = members.reduce((sum, { share }) => sum + share, 0);
  const weighted = members.map(({ network, share }) => ({ network, share: share / total }));
  const linear = weighted.filter(({ network }) => !network.dense);
  const hidden = weighted.filter(({ network }) => network.dense);
  return [...(linear.length > 0 ? [addLinear(linear)] : []), ...(hidden.length > 0 ? [joinHidden(hidden)] : [])];
}

function addLinear(members: readonly Member[]): SparseNetwork {
  const sum = new SparseNetwork(members[0]!.network.shape);
  for (const { network, share } of members) {
    for (let k = 0; k < sum.embedding.length; k++) sum.embedding[k]! += share * network.embedding[k]!;
  }
  return sum;
}

function joinHidden(members: readonly Member[]): SparseNetwork {
  const { rows, classes } = members[0]!.network.shape;
  const hiddenUnits = members.reduce((sum, { network }) => sum + network.width, 0);
  const joined = new SparseNetwork({ rows, classes, hiddenUnits });
  let offset = 0;
  for (const { network, share } of members) {
    for (let row = 0; row < rows; row++) {
      const units = network.embedding.subarray(row * network.width, (row + 1) * network.width);
      joined.embedding.set(units, row * hiddenUnits + offset);
    }
    addDense(joined.dense!, network.dense!, { share, at: offset * classes });
    offset += network.width;
  }
  return joined;
}

function addDense(to: DenseLayer, from: DenseLayer, { share, at }: { share: number; at: number }): void {
  to.kernel.set(
    from.kernel.map((weight) => share * weight),
    at,
  );
  for (let c = 0; c < to.bias.length; c++) to.bias[c]! += share * from.bias[c]!;
}
