import type { LoggerService } from '@nestjs/common';
import type { Log, LogFields } from './log.js';

/** Lets what Nest itself has to say come out as lines of our log; its start-up chatter is DEBUG. */
export class NestLog implements LoggerService {
  constructor(private readonly target: Log) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.target.debug(textOf(message), contextOf(rest));
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.target.warning(textOf(message), contextOf(rest));
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.target.error(textOf(message), errorFieldsOf(message, rest));
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.target.critical(textOf(message), errorFieldsOf(message, rest));
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.target.debug(textOf(message), contextOf(rest));
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.target.debug(textOf(message), contextOf(rest));
  }
}

function textOf(message: unknown): string {
  return message instanceof Error ? message.message : typeof message === 'string' ? message : JSON.stringify(message);
}

/** Nest hands its context (the class that speaks) over as the last argument. */
function contextOf(rest: unknown[]): LogFields {
  const context = rest.at(-1);
  return typeof context === 'string' ? { context } : {};
}

function errorFieldsOf(message: unknown, rest: unknown[]): LogFields {
  const [stack] = rest;
  return {
    ...(message instanceof Error && { error: message }),
    ...(rest.length > 1 && typeof stack === 'string' && { stack }),
    ...contextOf(rest),
  };
}
