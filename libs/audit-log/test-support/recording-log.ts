import type { LogWriter } from '@app/resilience';

/** A log that keeps its lines, as `LEVEL message`. */
export interface RecordingLog extends LogWriter {
  readonly lines: string[];
}

/** Makes one. */
export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  return {
    lines,
    info: (message) => void lines.push(`INFO ${message}`),
    warning: (message) => void lines.push(`WARNING ${message}`),
    error: (message) => void lines.push(`ERROR ${message}`),
  };
}
