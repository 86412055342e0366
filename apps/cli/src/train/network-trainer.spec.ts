import { type TrainingSet, trainNetwork } from './network-trainer.js';
import { type MemberSettings, recipeSchema } from './recipe.js';

const settings = (some: Partial<MemberSettings>): MemberSettings => ({
  ...recipeSchema.parse({}).members[0]!,
  ...some,
});

/** 300 texts of three classes: class c has feature 1 + c, and two of ten features that mean nothing. */
function separableSet(): TrainingSet {
  const classes = Int32Array.from({ length: 300 }, (_, k) => k % 3);
  return {
    classes,
    features: Array.from(classes, (c, k) => ({
      ids: Int32Array.of(1 + c, 4 + (k % 5), 9 + (k % 7)),
      weights: Float32Array.of(0.5, 0.6, 0.6),
    })),
    classWeights: new Float64Array(3).fill(1),
    rows: 17,
  };
}

function accuracyOf(network: Awaited<ReturnType<typeof trainNetwork>>, { features, classes }: TrainingSet): number {
  const right = features.filter((vector, k) => {
    const logits = new Float64Array(3);
    network.addLogits(vector, logits);
    return logits.indexOf(Math.max(...logits)) === classes[k];
  });
  return right.length / features.length;
}

describe('trainNetwork', () => {
  it.each([
    ['linear', settings({ epochs: 10 })],
    ['hidden', settings({ epochs: 10, hiddenUnits: 8, unitDropout: 0.2, featureDropout: 0.2 })],
  ])('learns what can be learnt, with a %s network', async (_, member) => {
    const set = separableSet();
    const losses: number[] = [];
    const network = await trainNetwork(set, member, { seed: 1, onProgress: ({ loss }) => losses.push(loss) });
    expect(accuracyOf(network, set)).toBe(1);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it('gives the same bits for the same seed, and others for another', async () => {
    const train = (seed: number) =>
      trainNetwork(separableSet(), settings({ epochs: 2, hiddenUnits: 4, featureDropout: 0.3, unitDropout: 0.3 }), {
        seed,
      });
    const [first, again, other] = [await train(5), await train(5), await train(6)];
    expect(again.embedding).toEqual(first.embedding);
    expect(again.dense).toEqual(first.dense);
    expect(other.embedding).not.toEqual(first.embedding);
  });

  it('pushes texts of no class towards all classes being equally likely', async () => {
    const set = separableSet();
    const stranger = { ids: Int32Array.of(16), weights: Float32Array.of(1) };
    const features = [...set.features, ...Array.from({ length: 20 }, () => stranger)];
    const lopsided = { ...set, features, classes: Int32Array.of(...set.classes, ...Array<number>(20).fill(0)) };
    const refused = { ...lopsided, classes: lopsided.classes.map((c, k) => (k < 300 ? c : -1)) };
    const spread = async (of: TrainingSet) => {
      const logits = new Float64Array(3);
      (await trainNetwork(of, settings({ epochs: 5 }), { seed: 1 })).addLogits(stranger, logits);
      return Math.max(...logits) - Math.min(...logits);
    };
    expect(await spread(refused)).toBe(0);
    expect(await spread(lopsided)).toBeGreaterThan(1);
  });

  it('never moves the padding row', async () => {
    const network = await trainNetwork(separableSet(), settings({ epochs: 2, hiddenUnits: 4 }), { seed: 1 });
    expect([...network.embedding.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  });

  it('stops with the reason it is given', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const run = trainNetwork(separableSet(), settings({ epochs: 1000 }), {
      seed: 1,
      signal: controller.signal,
      onProgress,
    });
    await expect(run).rejects.toThrow('enough');
  });

  it('reports every text once', async () => {
    const seen: number[] = [];
    await trainNetwork(separableSet(), settings({ epochs: 3 }), { seed: 1, onProgress: (now) => seen.push(now.seen) });
    expect(seen.at(-1)).toBe(900);
  });
});
