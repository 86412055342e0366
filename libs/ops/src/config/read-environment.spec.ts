import { z } from 'zod';
import type { ConfigError } from './config.errors.js';
import { secret, serviceUrl, whole } from './environment.js';
import { readEnvironment } from './read-environment.js';

const schema = z.object({
  DATABASE_URL: serviceUrl('postgres').optional(),
  ADMIN_API_KEY: secret().optional(),
  LEAST: whole(0, 10).default(1),
  MOST: whole(0, 10).default(5),
});
const contradictions = [
  {
    names: ['LEAST', 'MOST'] as const,
    isOne: ({ LEAST, MOST }: z.output<typeof schema>) => LEAST > MOST,
    expected: ({ MOST }: z.output<typeof schema>) => `at most MOST, which is ${MOST}`,
  },
];

function faultsOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readEnvironment(schema, env, contradictions);
  } catch (error) {
    return (error as ConfigError).faults;
  }
  return [];
}

describe('readEnvironment', () => {
  it('gives defaults for what is not set or blank, and takes nothing that the schema does not name', () => {
    expect(readEnvironment(schema, { MOST: ' ', OTHER: 'x' }, contradictions)).toEqual({ LEAST: 1, MOST: 5 });
  });

  it.each([
    ['mysql://falcon:hunter2@db/logs', 'mysql://falcon:***@db/logs'],
    ['mysql://falcon:hunter2@hunter2@db/logs', 'mysql://falcon:***@db/logs'],
    ['mysql://falcon:hunter2/hunter2?hunter2:hunter2@db/logs', 'mysql://falcon:***@db/logs'],
    ['mysql://:hunter2@db', 'mysql://:***@db'],
    ['falcon:hunter2@db', '***@db'],
    ['hunter2@db', '***@db'],
    ['mysql//falcon:hunter2@db', '***@db'],
    ['mysql://db/logs?user=falcon&password=hunter2', 'mysql://db/logs?user=falcon&password=***'],
    ['host=db password=hunter2 user=falcon', 'host=db password=*** user=falcon'],
  ])('shows %s without its password', (value, shown) => {
    expect(faultsOf({ DATABASE_URL: value })).toEqual([
      `DATABASE_URL="${shown}" must be a URL such as postgres://user:password@host:port/name.`,
    ]);
  });

  it('never shows a secret, and of a long value no more than its beginning', () => {
    const [key = '', url = ''] = faultsOf({ ADMIN_API_KEY: 'hunter2', DATABASE_URL: 'x'.repeat(100_000) }).toSorted();
    expect(key).toBe('ADMIN_API_KEY="***" must be 16 to 256 printable ASCII characters without spaces.');
    expect(url.length).toBeLessThan(400);
  });

  it('names contradictions by what is blamed, be it a default', () => {
    expect(faultsOf({ LEAST: '6' })).toEqual(['LEAST="6" must be at most MOST, which is 5.']);
    expect(faultsOf({ MOST: '0' })).toEqual(['LEAST="1" must be at most MOST, which is 0.']);
  });

  it('does not look for contradictions of what is wrong already', () => {
    expect(faultsOf({ LEAST: '11', MOST: '0' })).toEqual(['LEAST="11" must be a whole number from 0 to 10.']);
  });
});
