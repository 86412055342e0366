import type { AuditObserver } from '../src/audit-observer.js';

/** An observer that keeps what it is told, as `[method, ...arguments]`. */
export interface RecordingObserver extends AuditObserver {
  readonly events: [keyof AuditObserver, ...unknown[]][];
  reset(): void;
}

/** Makes one. */
export function recordingObserver(): RecordingObserver {
  const events: RecordingObserver['events'] = [];
  const note =
    (method: keyof AuditObserver) =>
    (...values: unknown[]) =>
      void events.push([method, ...values]);
  return {
    events,
    reset: () => void events.splice(0),
    onDropped: note('onDropped'),
    onSpooled: note('onSpooled'),
    onCorrupt: note('onCorrupt'),
    onShipped: note('onShipped'),
    onRowsWritten: note('onRowsWritten'),
    onDeadLetters: note('onDeadLetters'),
    onDatabaseOperation: note('onDatabaseOperation'),
    onRetry: note('onRetry'),
  };
}
