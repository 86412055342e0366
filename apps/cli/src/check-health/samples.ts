/** The series of one answer of `/metrics`. */
export class Samples {
  private readonly series = new Map<string, { labels: Record<string, string>; value: number }[]>();

  constructor(
    text: string,
    /** When it was answered, as `performance.now()` had it. */
    readonly atMs: number,
  ) {
    for (const [, name = '', pairs = '', value = ''] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
      const labels = Object.fromEntries(
        [...pairs.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', written = '']) => [label, written]),
      );
      const known = this.series.get(name) ?? [];
      this.series.set(name, [...known, { labels, value: Number(value) }]);
    }
  }

  /** The series of a metric that have these labels. */
  all(name: string, wanted: Record<string, string> = {}): { labels: Record<string, string>; value: number }[] {
    const has = Object.entries(wanted);
    return (this.series.get(name) ?? []).filter(({ labels }) => has.every(([label, value]) => labels[label] === value));
  }

  /** The sum of these; 0 when there are none. */
  sum(name: string, wanted?: Record<string, string>): number {
    return this.all(name, wanted).reduce((sum, { value }) => sum + value, 0);
  }
}

/** What happened between two answers of `/metrics`. */
export class Span {
  constructor(
    private readonly before: Samples,
    readonly after: Samples,
  ) {}

  get seconds(): number {
    return (this.after.atMs - this.before.atMs) / 1000;
  }

  /** By how much a counter grew; a process that was restarted meanwhile began at 0. */
  growth(name: string, wanted?: Record<string, string>): number {
    const grown = this.after.sum(name, wanted) - this.before.sum(name, wanted);
    return grown < 0 ? this.after.sum(name, wanted) : grown;
  }

  rate(name: string, wanted?: Record<string, string>): number {
    return this.growth(name, wanted) / this.seconds;
  }
}
