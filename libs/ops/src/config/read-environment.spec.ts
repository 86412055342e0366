import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { configFaults } from '../../../../scripts/test-support/config-faults.js';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { secret, serviceUrl, text, whole } from './environment.js';
import { readEnvironment } from './read-environment.js';

const schema = z.object({
  DATABASE_URL: serviceUrl('postgres').optional(),
  DATABASE_URL_FILE: text().optional(),
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

const faultsOf = (env: NodeJS.ProcessEnv) => configFaults(() => readEnvironment(schema, env, contradictions));

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

describe('a value in a file', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'url');
  const faultOfFile = (content: string | Buffer) => {
    writeFileSync(file, content);
    return faultsOf({ DATABASE_URL_FILE: file });
  };

  it.each(['', '\n', '\r\n', ' \n\n'])('is taken without the line break %j at its end', (end) => {
    writeFileSync(file, `postgres://falcon:hunter2@db/logs${end}`);
    expect(readEnvironment(schema, { DATABASE_URL_FILE: file })).toMatchObject({
      DATABASE_URL: 'postgres://falcon:hunter2@db/logs',
      DATABASE_URL_FILE: file,
    });
  });

  it('is for variables that the schema has both ways alone', () => {
    expect(readEnvironment(schema, { LEAST_FILE: '/nowhere' })).toMatchObject({ LEAST: 1 });
  });

  it('counts a file as not given when its name is blank, and the value when that is', () => {
    const value = 'postgres://db/logs';
    expect(readEnvironment(schema, { DATABASE_URL: value, DATABASE_URL_FILE: ' ' })).toMatchObject({
      DATABASE_URL: value,
    });
    writeFileSync(file, value);
    expect(readEnvironment(schema, { DATABASE_URL: '', DATABASE_URL_FILE: file })).toMatchObject({
      DATABASE_URL: value,
    });
  });

  it('cannot be given both ways', () => {
    expect(faultsOf({ DATABASE_URL: 'postgres://db/logs', DATABASE_URL_FILE: file })).toEqual([
      `DATABASE_URL_FILE="${file}" must be left out when DATABASE_URL is set: one of the two is the value.`,
    ]);
  });

  it('is missed when the file is not there, a folder, empty or of several lines', () => {
    const sentence = (path: string, expected: string) => [`DATABASE_URL_FILE="${path}" must be ${expected}.`];
    expect(faultsOf({ DATABASE_URL_FILE: `${file}x` })).toEqual(
      sentence(`${file}x`, 'a file that can be read: there is no such file'),
    );
    expect(faultsOf({ DATABASE_URL_FILE: folder })).toEqual(
      sentence(folder, 'a file that can be read: it is a folder'),
    );
    expect(faultOfFile(' \n')).toEqual(sentence(file, 'a file that holds the value: it is empty'));
    expect(faultOfFile('postgres://db\npostgres://db')).toEqual(sentence(file, 'a file of one line: it has several'));
  });

  it.each(['hunter2', 'mysql://falcon:hunter2@db', Buffer.from([0xff, 0xfe, 0])])(
    'is not shown when it is wrong: %j',
    (content) => {
      expect(faultOfFile(content)).toEqual([
        `DATABASE_URL_FILE="${file}" must be a file that holds a URL such as postgres://user:password@host:port/name.`,
      ]);
    },
  );
});
