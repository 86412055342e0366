const GOLDEN = 0x9e3779b1 | 0;

/** Open-addressing table from the hash of an n-gram to its id; a lookup allocates nothing. */
export class IdTable {
  /** Pairs of hash and id; id 0 marks a free place. */
  private readonly slots: Int32Array;
  private readonly shift: number;
  private readonly mask: number;

  constructor(size: number) {
    const bits = Math.ceil(Math.log2(Math.max(2, 2 * size))); // at most half full, so probing stays short
    this.slots = new Int32Array(2 << bits);
    this.shift = 32 - bits;
    this.mask = (1 << bits) - 1;
  }

  /** @returns false, and changes nothing, when the hash has an id already. */
  add(hash: number, id: number): boolean {
    const place = this.find(hash);
    if (this.slots[2 * place + 1] !== 0) return false;
    this.slots[2 * place] = hash;
    this.slots[2 * place + 1] = id;
    return true;
  }

  /** @returns the id of the hash, 0 when it has none. */
  get(hash: number): number {
    return this.slots[2 * this.find(hash) + 1] ?? 0;
  }

  private find(hash: number): number {
    const { slots, mask } = this;
    let place = Math.imul(hash, GOLDEN) >>> this.shift;
    while (slots[2 * place + 1] !== 0 && slots[2 * place] !== hash) place = (place + 1) & mask;
    return place;
  }
}
