/** Where a library writes what operators should read; the app's logger has this shape. */
export interface LogWriter {
  info(message: string, fields?: Record<string, unknown>): void;
  warning(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}
