/**
 * A map that keeps what was used of late: at least the last `maxEntries / 2` keys asked for, never more than `maxEntries`.
 * Two generations instead of a linked list: a hit costs one look-up.
 */
export class RecentMap<V> {
  private young = new Map<string, V>();
  private old = new Map<string, V>();

  constructor(private readonly maxEntries: number) {}

  get size(): number {
    return this.young.size + this.old.size;
  }

  get(key: string): V | undefined {
    const value = this.young.get(key);
    if (value !== undefined) return value;
    const older = this.old.get(key);
    if (older === undefined) return undefined;
    this.old.delete(key);
    this.set(key, older);
    return older;
  }

  set(key: string, value: V): void {
    if (2 * (this.young.size + 1) > this.maxEntries) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }
}
