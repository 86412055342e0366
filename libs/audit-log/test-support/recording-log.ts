import type { LogWriter } from '../src/log-writer.js';

/** A log that keeps its lines, as `LEVEL message`. */
export interface RecordingLog extends LogWriter {
  readonly lines: string[];
}

/** Makes one. */
export function recordingLog(): RecordingLog {
  const lines: string[] = [];
  return {
    lines,
    debug: (message) => void lines.push(`DEBUG ${message}`),
    info: (message) => void lines.push(`INFO ${message}`),
    warning: (message) => void lines.push(`WARNING ${message}`),
    error: (message) => void lines.push(`ERROR ${message}`),
  };
}
