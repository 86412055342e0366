import { createLog, type LogLevel, type ProcessLog } from './log.js';
import { NestLog } from './nest-log.js';

function recorded(logLevel: LogLevel = 'DEBUG'): { log: ProcessLog; lines: () => Record<string, unknown>[] } {
  const written: string[] = [];
  const log = createLog(
    { logLevel, workerId: 'worker-7', appName: 'falcon', environment: 'test' },
    { write: (line) => void written.push(line) },
  );
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('createLog', () => {
  it('writes one JSON object a line with who, when, what and the given fields', () => {
    const { log, lines } = recorded();
    log.info('Falcon is ready', { startup_ms: 12, request_id: 'abc' });
    expect(lines()).toEqual([
      {
        level: 'INFO',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        worker_id: 'worker-7',
        app_name: 'falcon',
        environment: 'test',
        startup_ms: 12,
        request_id: 'abc',
        message: 'Falcon is ready',
      },
    ]);
  });

  it('names its levels in upper case', () => {
    const { log, lines } = recorded();
    log.debug('a');
    log.info('b');
    log.warning('c');
    log.error('d');
    log.critical('e');
    expect(lines().map((line) => line['level'])).toEqual(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']);
  });

  it('keeps quiet below its level', () => {
    const { log, lines } = recorded('WARNING');
    log.info('a');
    log.warning('b');
    expect(lines().map((line) => line['message'])).toEqual(['b']);
  });

  it('keeps the causes of an error', () => {
    const { log, lines } = recorded();
    log.error('failed', { error: new Error('outer', { cause: new RangeError('inner') }) });
    expect(lines()[0]?.['error']).toMatchObject({
      type: 'Error',
      message: 'outer',
      stack: expect.stringContaining('log.spec') as string,
      cause: { type: 'RangeError', message: 'inner' },
    });
  });
});

describe('a failure that repeats itself', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('is told a hundred times, and then how often it was not', () => {
    const { log, lines } = recorded();
    for (let k = 0; k < 250; k++) {
      log.error('The request failed', { request_id: `r${k}` });
    }
    log.warning('The request failed');
    expect(lines()).toHaveLength(101);
    jest.advanceTimersByTime(10_000);
    expect(lines().slice(101)).toMatchObject([
      { level: 'ERROR', message: 'The request failed (repeated 150 times)', repeated: 150 },
    ]);
  });

  it('is told when the process ends, too', async () => {
    const { log, lines } = recorded();
    for (let k = 0; k < 101; k++) {
      log.critical('a: b\nc');
    }
    await log.flush();
    expect(lines().at(-1)).toMatchObject({ level: 'CRITICAL', message: 'a: b\nc (repeated 1 times)' });
  });

  it('leaves lines alone of which there are many on purpose', () => {
    const { log, lines } = recorded();
    for (let k = 0; k < 250; k++) {
      log.info('a');
      log.unlimited.warning('b');
    }
    expect(lines()).toHaveLength(500);
  });
});

describe('NestLog', () => {
  it('passes on what Nest says at the levels that operators know', () => {
    const { log, lines } = recorded();
    const nest = new NestLog(log);
    nest.log('Mapped {/infer, POST} route', 'RouterExplorer');
    nest.warn('careful', 'Nest');
    nest.error(new Error('broken'), 'a stack', 'ExceptionHandler');
    expect(lines()).toMatchObject([
      { level: 'DEBUG', message: 'Mapped {/infer, POST} route', context: 'RouterExplorer' },
      { level: 'WARNING', message: 'careful', context: 'Nest' },
      {
        level: 'ERROR',
        message: 'broken',
        stack: 'a stack',
        context: 'ExceptionHandler',
        error: { message: 'broken' },
      },
    ]);
  });
});
