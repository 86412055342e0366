import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { RepeatLimit } from './repeat-limit.js';
import { StdoutDestination } from './stdout-destination.js';

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

/** The log of a process. A warning or an error that repeats itself is held back after a while, and how often is told. */
export interface ProcessLog extends Log {
  /** The same without that limit, for lines of which there are many on purpose. */
  readonly unlimited: Log;
  /** Resolves when every line is written, after `timeoutMs` at the latest; for a process that is about to end. */
  flush(timeoutMs?: number): Promise<void>;
}

/** Who a process is and how much it says. */
export interface Identity {
  appName: string;
  environment: string;
  logLevel: LogLevel;
  workerId: string;
}

const PINO_LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const;
const NAME_OF_PINO_LEVEL: Record<string, LogLevel> = Object.fromEntries(
  Object.entries(PINO_LEVELS).map(([name, level]) => [level, name as LogLevel]),
);

/** The same message at most so often; a failure that comes with every request must not fill the disk. */
const REPEATS = { times: 100, windowMs: 10_000 };
const FLUSH_MS = 1000;

/** Makes the process's log; `destination` is stdout unless a test hands in another stream. */
export function createLog(identity: Identity, destination?: DestinationStream): ProcessLog {
  const stdout = destination ? undefined : new StdoutDestination((lines) => onDropped(lines));
  const unlimited = new PinoLog(pino(pinoOptions(identity), destination ?? stdout!));
  const onDropped = (lines: number) =>
    unlimited.warning('Log lines were dropped: whoever reads stdout is too slow', { dropped: lines });
  return new LimitedLog(unlimited, stdout);
}

function pinoOptions({ logLevel, workerId, appName, environment }: Identity): LoggerOptions {
  return {
    level: PINO_LEVELS[logLevel],
    messageKey: 'message',
    errorKey: 'error',
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    base: { worker_id: workerId, app_name: appName, environment },
    formatters: { level: (label) => ({ level: NAME_OF_PINO_LEVEL[label] ?? label.toUpperCase() }) },
    serializers: { error: describeError },
  };
}

type Complaint = 'warning' | 'error' | 'critical';

class LimitedLog implements ProcessLog {
  private readonly repeats: RepeatLimit;

  constructor(
    readonly unlimited: Log,
    private readonly stdout: StdoutDestination | undefined,
  ) {
    this.repeats = new RepeatLimit(REPEATS, (key, times) => {
      const [level = 'warning', message] = key.split(/:(.*)/s);
      unlimited[level as Complaint](`${message} (repeated ${times} times)`, { repeated: times });
    });
  }

  debug(message: string, fields?: LogFields): void {
    this.unlimited.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.unlimited.info(message, fields);
  }

  warning(message: string, fields?: LogFields): void {
    this.complain('warning', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.complain('error', message, fields);
  }

  critical(message: string, fields?: LogFields): void {
    this.complain('critical', message, fields);
  }

  async flush(timeoutMs = FLUSH_MS): Promise<void> {
    this.repeats.endWindow();
    await this.stdout?.flush(timeoutMs);
  }

  private complain(level: Complaint, message: string, fields: LogFields | undefined): void {
    if (this.repeats.admits(`${level}:${message}`)) {
      this.unlimited[level](message, fields);
    }
  }
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
