/** A backlog of records: it is gone when all of them are in the table that came before it was last seen. */
export class Backlog {
  private current: { seenAtMs: number; confirmed: number } | undefined;

  /** There is one at present. */
  seen(): void {
    this.current = { seenAtMs: Date.now(), confirmed: this.current?.confirmed ?? 0 };
  }

  /** So many more records are in the table. */
  confirm(records: number): void {
    if (this.current) this.current.confirmed += records;
  }

  /**
   * Asks whether it is gone. Under load something is always left, so that cannot decide.
   * @param leftSinceMs when the oldest record came that is not in the table yet; Infinity when there is none
   * @returns how many records came into the table until it was gone; 0 when it is not, or was told of before
   */
  flushed(leftSinceMs: number): number {
    if (!this.current || !(leftSinceMs > this.current.seenAtMs)) return 0;
    const { confirmed } = this.current;
    this.current = undefined;
    return confirmed;
  }
}
