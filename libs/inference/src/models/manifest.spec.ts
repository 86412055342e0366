import { readFileSync } from 'node:fs';
import { textFeatureSettingsSchema } from '../text/text-feature-settings.js';
import { manifestSchema } from './manifest.js';

const PAGE = readFileSync('docs/models.md', 'utf8');
const [, SECTION = ''] = /^## falcon\.json$([^]*?)^## /m.exec(PAGE) ?? [];
const [MEMBERS = '', FEATURES = ''] = SECTION.split('### features');
const EXAMPLES = [...MEMBERS.matchAll(/^```json\n([^]*?)^```$/gm)].map(
  ([, text = '']) => JSON.parse(text) as Record<string, unknown>,
);

/** The cells of the rows of a table, without those of its head. */
const rowsOf = (text: string) =>
  [...text.matchAll(/^\| (`.*) \|$/gm)].map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()));
const namesIn = (cell = '') => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
const isTaken = (manifest: unknown) => manifestSchema.safeParse(manifest).success;

describe('falcon.json in docs/models.md', () => {
  const members = rowsOf(MEMBERS).flatMap(([names, text, tensor]) =>
    namesIn(names).map((name) => ({ name, 'text-classification': text, tensor })),
  );

  it('has all members that there are', () => {
    const known = manifestSchema.options.flatMap(({ shape }) => Object.keys(shape));
    expect(new Set(members.map(({ name }) => name))).toEqual(new Set(known));
  });

  it('is taken as it is shown for each task', () => {
    expect(EXAMPLES.map(({ task }) => task)).toEqual(['text-classification', 'tensor']);
    expect(EXAMPLES.map((example) => manifestSchema.safeParse(example).error)).toEqual([undefined, undefined]);
  });

  it.each(EXAMPLES)('says what is needed for the task $task', (example) => {
    const others = Object.assign({}, ...EXAMPLES, { outOfScope: {}, fallback: {} }) as Record<string, unknown>;
    const found = members.map(({ name }) => {
      const { [name]: _left, ...rest } = example;
      if (!isTaken(rest)) return [name, 'needed'];
      const { error } = manifestSchema.safeParse({ ...rest, [name]: example[name] ?? others[name] ?? null });
      return [name, error?.issues.some(({ code }) => code === 'unrecognized_keys') ? 'refused' : 'optional'];
    });
    const task = example['task'] as 'text-classification' | 'tensor';
    expect(found).toEqual(members.map((member) => [member.name, member[task]]));
  });

  it('says what features are when they are left out', () => {
    const rows = rowsOf(FEATURES).map(([name, value = '']) => [namesIn(name)[0]!, value.replaceAll('`', '')] as const);
    const { kind: _kind, ...features } = textFeatureSettingsSchema.parse(EXAMPLES[0]!['features']);
    const given = EXAMPLES[0]!['features'] as object;
    const worth = (value: unknown) => (typeof value === 'object' ? 'all false' : JSON.stringify(value).replaceAll('"', ''));
    const expected = Object.entries(features).map(([name, value]) => [name, name in given ? '' : worth(value)]);
    expect(new Map(rows)).toEqual(new Map(expected as [string, string][]));
    expect(Object.values(features.normalisation)).not.toContain(true);
  });
});
