/** Whether the server is on its way out. */
export class Lifecycle {
  private stopping = false;

  /** From here on the server reports itself as not ready. */
  stop(): void {
    this.stopping = true;
  }

  isStopping(): boolean {
    return this.stopping;
  }
}
