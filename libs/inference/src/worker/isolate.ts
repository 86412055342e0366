import { messageOf } from '../message-of.js';
import type { NamedTensors } from '../tensors.js';
import type { BatchInput, BatchOutput, Computed } from './protocol.js';
import { isPoisonous } from './wasm-heap.js';

type Outcome = Pick<BatchOutput, 'computed' | 'failures'>;

/**
 * Computes a batch; when it fails as a whole, item by item, so that a bad item does not fail its neighbours.
 * @throws what `run` throws when it means that the backend is broken.
 */
export async function runOrIsolate(run: (input: BatchInput) => Promise<Computed>, input: BatchInput): Promise<Outcome> {
  try {
    return { computed: await run(input), failures: new Map() };
  } catch (error) {
    if (isPoisonous(error)) throw error;
    const singles = singleItems(input);
    if (singles.length === 1) return join([messageOf(error)]);
    const outcomes: (Computed | string)[] = [];
    for (const single of singles) {
      const { computed, failures } = await runOrIsolate(run, single);
      outcomes.push(failures.get(0) ?? computed);
    }
    return join(outcomes);
  }
}

function singleItems(input: BatchInput): BatchInput[] {
  return 'texts' in input
    ? input.texts.map((text) => ({ texts: [text] }))
    : input.tensors.map((item) => ({ tensors: [item] }));
}

/** Puts items that were computed one by one together again; a string is a failure. */
function join(outcomes: readonly (Computed | string)[]): Outcome {
  const failures = new Map(outcomes.flatMap((outcome, k) => (typeof outcome === 'string' ? [[k, outcome]] : [])));
  const rows = outcomes.map((outcome) =>
    typeof outcome === 'object' && 'probabilities' in outcome ? outcome : undefined,
  );
  const width = rows.find(Boolean)?.probabilities.length;
  if (width === undefined) return { computed: { tensors: outcomes.map(tensorsOf) }, failures };
  const probabilities = new Float32Array(outcomes.length * width);
  for (const [k, row] of rows.entries()) if (row) probabilities.set(row.probabilities, k * width);
  return { computed: { probabilities }, failures };
}

function tensorsOf(outcome: Computed | string): NamedTensors {
  return typeof outcome === 'object' && 'tensors' in outcome ? (outcome.tensors[0] ?? {}) : {};
}
