import { join } from 'node:path';
import { configFaults } from '../../../scripts/test-support/config-faults.js';
import { documentedVariables, samplesOf } from '../../../scripts/test-support/documented-values.js';
import { loadConfig } from './config.js';
import { environmentSchema, PROJECT_DIR } from './environment.js';

/** docs/configuration.md has every variable of the schema, so a new one is tried here without being added. */
const VARIABLES = documentedVariables(join(PROJECT_DIR, 'docs/configuration.md'));
const SAMPLES = VARIABLES.map((variable) => ({ ...variable, ...samplesOf(variable) }));

const faultsOf = (env: NodeJS.ProcessEnv) => configFaults(() => loadConfig(env));

describe('the variables of docs/configuration.md', () => {
  it('are those of the schema', () => {
    expect(VARIABLES.map(({ name }) => name)).toEqual(Object.keys(environmentSchema.shape));
  });

  it.each(SAMPLES)('$name takes $values', ({ name, right }) => {
    const variable = (environmentSchema.shape as Record<string, { safeParse(value: string): { success: boolean } }>)[
      name
    ];
    expect(right.filter((value) => !variable?.safeParse(value).success)).toEqual([]);
  });

  it.each(SAMPLES)('$name refuses what is none of $values, with one sentence', ({ name, wrong }) => {
    for (const value of wrong) {
      const faults = faultsOf({ [name]: value });
      expect([value, faults]).toEqual([
        value,
        [expect.stringMatching(new RegExp(`^${name}=".*" must be [^.].*\\.$`, 's'))],
      ]);
    }
  });

  it('take their defaults when they are missing, empty or blank', () => {
    for (const blank of ['', ' ', '\t\n']) {
      expect(loadConfig(Object.fromEntries(VARIABLES.map(({ name }) => [name, blank])))).toEqual(loadConfig({}));
    }
  });

  it('are all named at once when all are wrong, in their order', () => {
    const wrong = SAMPLES.flatMap(({ name, wrong: [value] }) => (value === undefined ? [] : [[name, value] as const]));
    const faults = faultsOf(Object.fromEntries(wrong));
    expect(faults.map((fault) => fault.slice(0, fault.indexOf('=')))).toEqual(wrong.map(([name]) => name));
    expect(wrong.length).toBeGreaterThan(50);
  });
});
