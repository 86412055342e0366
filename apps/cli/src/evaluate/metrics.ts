const CALIBRATION_BINS = 15;

/** What was predicted for one row. */
export interface Judged {
  /** The row's own label. */
  expected: string;
  /** The label that was predicted; the served out-of-scope label when the model refused. */
  predicted: string;
  /** The likeliest label, whether or not its probability reached the threshold. */
  likeliest: string;
  /** Probability of `likeliest`. */
  confidence: number;
}

/** How well one label is found. */
export interface LabelFigures {
  label: string;
  rows: number;
  /** Share of what was given this label that has it; null when nothing was. */
  precision: number | null;
  /** Share of the rows with this label that were given it. */
  recall: number | null;
  f1: number | null;
}

/** How good predictions are. All shares are from 0 to 1. */
export interface Figures {
  /** In-scope rows: those with one of the model's labels. */
  rows: number;
  /** Share of in-scope rows given their own label; a refused one is wrong. */
  accuracy: number;
  /** Mean of the labels' recalls. */
  macroRecall: number;
  /** Mean of the labels' F1 values. */
  macroF1: number;
  /** Expected calibration error over in-scope rows: how far confidence is from accuracy, in 15 bins. */
  calibrationError: number;
  /** Absent when no row is out of scope. */
  outOfScope?: {
    rows: number;
    /** Share of the out-of-scope rows that the model refused. */
    recall: number;
    /** Share of what the model refused that is out of scope; null when it refused nothing. */
    precision: number | null;
    /** Accuracy on in-scope rows if the model never refused. */
    accuracyWithoutThreshold: number;
  };
  labels: LabelFigures[];
  /** Rows by expected and then predicted label; pairs that never happened are absent. */
  confusion: Record<string, Record<string, number>>;
}

/** Compares predictions with labels; rows whose label is not one of the model's are out of scope. */
export function computeFigures(judged: readonly Judged[], labels: readonly string[], refusal?: string): Figures {
  const known = new Set(labels);
  const inScope = judged.filter(({ expected }) => known.has(expected));
  const outside = judged.filter(({ expected }) => !known.has(expected));
  const perLabel = labels.map((label) => figuresOf(label, judged));
  const present = perLabel.filter(({ rows }) => rows > 0);
  return {
    rows: inScope.length,
    accuracy: share(inScope, ({ expected, predicted }) => expected === predicted) ?? 0,
    macroRecall: mean(present.map(({ recall }) => recall ?? 0)),
    macroF1: mean(present.map(({ f1 }) => f1 ?? 0)),
    calibrationError: calibrationError(inScope),
    ...(outside.length > 0 && { outOfScope: outOfScopeFigures(judged, inScope, outside, refusal) }),
    labels: perLabel,
    confusion: countConfusion(judged),
  };
}

/**
 * Mean distance between what a model says of its certainty and how often it is right, over bins of equal width of
 * the confidence in the likeliest label, weighted by their rows.
 */
export function calibrationError(judged: readonly Judged[]): number {
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ confidence: 0, right: 0 }));
  for (const { confidence, likeliest, expected } of judged) {
    const bin = bins[Math.min(CALIBRATION_BINS - 1, Math.floor(confidence * CALIBRATION_BINS))]!;
    bin.confidence += confidence;
    if (likeliest === expected) bin.right += 1;
  }
  return bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / (judged.length || 1);
}

function figuresOf(label: string, judged: readonly Judged[]): LabelFigures {
  const wanted = judged.filter(({ expected }) => expected === label);
  const given = judged.filter(({ predicted }) => predicted === label);
  const recall = share(wanted, ({ predicted }) => predicted === label);
  const precision = share(given, ({ expected }) => expected === label);
  const sum = (recall ?? 0) + (precision ?? 0);
  const f1 = recall === null ? null : sum > 0 ? (2 * recall * (precision ?? 0)) / sum : 0;
  return { label, rows: wanted.length, precision, recall, f1 };
}

function outOfScopeFigures(
  judged: readonly Judged[],
  inScope: readonly Judged[],
  outside: readonly Judged[],
  refusal: string | undefined,
): NonNullable<Figures['outOfScope']> {
  const isOutside = new Set(outside);
  const refused = judged.filter(({ predicted }) => predicted === refusal);
  return {
    rows: outside.length,
    recall: share(outside, ({ predicted }) => predicted === refusal) ?? 0,
    precision: share(refused, (row) => isOutside.has(row)),
    accuracyWithoutThreshold: share(inScope, ({ expected, likeliest }) => expected === likeliest) ?? 0,
  };
}

function countConfusion(judged: readonly Judged[]): Figures['confusion'] {
  const confusion: Figures['confusion'] = Object.create(null);
  for (const { expected, predicted } of judged) {
    const row = (confusion[expected] ??= Object.create(null) as Record<string, number>);
    row[predicted] = (row[predicted] ?? 0) + 1;
  }
  return confusion;
}

function share<T>(rows: readonly T[], holds: (row: T) => boolean): number | null {
  return rows.length > 0 ? rows.filter(holds).length / rows.length : null;
}

function mean(numbers: readonly number[]): number {
  return numbers.length > 0 ? numbers.reduce((sum, one) => sum + one, 0) / numbers.length : 0;
}
