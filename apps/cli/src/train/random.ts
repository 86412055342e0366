/** Seeded random numbers (mulberry32): the same on every machine. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed | 0;
  }

  /** A number from 0 up to, not including, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A number from the standard normal distribution. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** Puts the elements into a random order, in place. */
  shuffle<T extends { length: number; [index: number]: E }, E>(elements: T): T {
    for (let last = elements.length - 1; last > 0; last--) {
      const other = Math.floor(this.next() * (last + 1));
      const swapped = elements[last] as E;
      elements[last] = elements[other] as E;
      elements[other] = swapped;
    }
    return elements;
  }
}
