import { readFileSync } from 'node:fs';

/** A row of the table in docs/configuration.md. */
export interface DocumentedVariable {
  name: string;
  /** What the column "values" says. */
  values: string;
}

/** Values that a variable must take, and values that it must refuse. */
export interface Samples {
  right: string[];
  wrong: string[];
}

const NO_NUMBERS = ['many', '1x', '0x10', '1e3', '-1', 'NaN', '1,5', '1 0', '9'.repeat(30)];
const TRUTHS = ['nonesuch', 'null', '2'];

/** What is known of the kinds of values that the page names. */
const KINDS: Record<string, Samples> = {
  name: { right: ['a', 'A.b-c_1', 'x'.repeat(64)], wrong: ['a b', '../x', 'x'.repeat(65), 'é', 'a\nb'] },
  model: { right: ['a', 'A.b-c_1', 'x'.repeat(128)], wrong: ['a b', '../x', '.x', 'x'.repeat(129), 'é', 'a\nb'] },
  address: {
    right: ['127.0.0.1', '0.0.0.0', '::1', 'localhost', 'api.example'],
    wrong: ['a b', 'http://localhost', '127.0.0.1:80', '999.1.1.1', '-x', '[::1]', 'a_b'],
  },
  // Whether it can be used is found out by using it.
  folder: { right: ['/srv/a folder', './x'], wrong: [] },
  file: { right: ['/srv/a file', './x'], wrong: [] },
  URL: { right: [], wrong: ['localhost:5432', 'http://host/name', '//host', 'host=a password=b', 'true'] },
  'HTTP URL': { right: ['http://collector:4318'], wrong: ['localhost:4318', 'redis://host', '//host', 'true'] },
  'addresses, networks': { right: ['10.0.0.0/8,::1'], wrong: ['proxy', '10.0.0.0/33', '10.0.0.1,,10.0.0.2', '*'] },
  origins: { right: ['https://a.example'], wrong: ['a.example', 'https://a.example/path', '*', 'null'] },
  list: { right: [], wrong: ['nonesuch', '=', 'a=b', 'a=1:1,,', 'a=-1:1'] },
};

/** The variables that the page documents, in its order. */
export function documentedVariables(page: string): DocumentedVariable[] {
  const rows = readFileSync(page, 'utf8').matchAll(/^\| `([A-Z_]+)` +\| [^|]* \| ([^|]*?) *\|/gm);
  return [...rows].map(([, name = '', values = '']) => ({ name, values }));
}

/** Samples of what the page says that a variable takes; a kind of values that is not known here is an error. */
export function samplesOf({ name, values }: DocumentedVariable): Samples {
  const [, min, max, characters] = /^([\d.]+) to ([\d.]+)( characters)?$/.exec(values) ?? [];
  if (min !== undefined && max !== undefined) {
    return characters ? lengths(Number(min), Number(max)) : numbers(Number(min), Number(max));
  }
  const words = [...values.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);
  if (words.length > 0) {
    return { right: words, wrong: [...TRUTHS, words.join(','), `${words[0]}x`] };
  }
  const kind = KINDS[values];
  if (!kind) {
    throw new Error(`${name} takes "${values}", and this test has no samples of that: add them to KINDS.`);
  }
  return kind;
}

function numbers(min: number, max: number): Samples {
  const below = min === 0 ? [] : [Number.isInteger(min) ? min - 1 : min / 2].map(String);
  return { right: [min, max].map(String), wrong: [...NO_NUMBERS, ...below, String(max + 1)] };
}

function lengths(min: number, max: number): Samples {
  return {
    right: ['x'.repeat(min), 'x'.repeat(max)],
    wrong: ['x'.repeat(min - 1), 'x'.repeat(max + 1), `${'x'.repeat(min)} x`],
  };
}
