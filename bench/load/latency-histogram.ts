const SUB_BUCKETS = 64; // each power of two is cut into so many buckets: an error below 1.6 %
const POWERS = 30; // up to about 17 minutes

/** Counts latencies in buckets that grow with the value: constant memory, percentiles within 1.6 %. */
export class LatencyHistogram {
  private readonly counts = new Uint32Array(SUB_BUCKETS * (POWERS + 1));
  private total = 0;
  private largestUs = 0;

  get count(): number {
    return this.total;
  }

  record(latencyMs: number): void {
    const us = Math.max(0, Math.round(latencyMs * 1000));
    const bucket = bucketOf(us);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.total += 1;
    if (us > this.largestUs) this.largestUs = us;
  }

  maxMs(): number {
    return this.largestUs / 1000;
  }

  /** The latency that `share` (0..1) of the requests did not exceed; NaN when there were none. */
  percentileMs(share: number): number {
    if (this.total === 0) return Number.NaN;
    let remaining = Math.ceil(share * this.total);
    for (let bucket = 0; bucket < this.counts.length; bucket += 1) {
      remaining -= this.counts[bucket] ?? 0;
      if (remaining <= 0) return Math.min(upperEdgeUs(bucket), this.largestUs) / 1000;
    }
    return this.maxMs();
  }

  clear(): void {
    this.counts.fill(0);
    this.total = 0;
    this.largestUs = 0;
  }
}

/** Below two times SUB_BUCKETS a bucket holds one microsecond; above, the leading bits choose it. */
function bucketOf(us: number): number {
  if (us < 2 * SUB_BUCKETS) return us;
  const shift = Math.min(31 - Math.clz32(Math.min(us, 0x7fffffff)) - 6, POWERS - 1);
  return shift * SUB_BUCKETS + Math.min(us >>> shift, 2 * SUB_BUCKETS - 1);
}

function upperEdgeUs(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (bucket - shift * SUB_BUCKETS + 1) * 2 ** shift - 1;
}
