import { pino, type DestinationStream, type Logger } from 'pino';

/** Levels as operators write and read them. */
export const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What a log line carries beside its message; `error` takes an Error, its stack and its causes are kept. */
export type LogFields = Record<string, unknown>;

/** One JSON object a line on stdout. Request text, keys and passwords never belong in a message or a field. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  critical(message: string, fields?: LogFields): void;
}

/** Who is logging, and from which level on. */
export interface LogOptions {
  level: LogLevel;
  workerId: string;
  appName: string;
  environment: string;
}

const PINO_LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const;
const NAME_OF_PINO_LEVEL: Record<string, LogLevel> = Object.fromEntries(
  Object.entries(PINO_LEVELS).map(([name, level]) => [level, name as LogLevel]),
);

/** Makes the process's log; `destination` is stdout unless a test hands in another stream. */
export function createLog(options: LogOptions, destination?: DestinationStream): Log {
  const logger = pino(
    {
      level: PINO_LEVELS[options.level],
      messageKey: 'message',
      errorKey: 'error',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      base: { worker_id: options.workerId, app_name: options.appName, environment: options.environment },
      formatters: { level: (label) => ({ level: NAME_OF_PINO_LEVEL[label] ?? label.toUpperCase() }) },
      serializers: { error: describeError },
    },
    // Synchronous: lines are rare, and the last one before an exit must not be lost.
    destination ?? pino.destination({ fd: 1, sync: true }),
  );
  return new PinoLog(logger);
}

class PinoLog implements Log {
  constructor(private readonly logger: Logger) {}

  debug(message: string, fields: LogFields = {}): void {
    this.logger.debug(fields, message);
  }

  info(message: string, fields: LogFields = {}): void {
    this.logger.info(fields, message);
  }

  warning(message: string, fields: LogFields = {}): void {
    this.logger.warn(fields, message);
  }

  error(message: string, fields: LogFields = {}): void {
    this.logger.error(fields, message);
  }

  critical(message: string, fields: LogFields = {}): void {
    this.logger.fatal(fields, message);
  }
}

const MAX_CAUSES = 5;

/** An error as fields of a log line: its type, words and stack, and the same of what caused it. */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) {
    return error;
  }
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...(error.cause !== undefined && depth < MAX_CAUSES && { cause: describeError(error.cause, depth + 1) }),
  };
}
