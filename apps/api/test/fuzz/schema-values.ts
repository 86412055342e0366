import fc from 'fast-check';

/** The part of JSON Schema that the OpenAPI document uses for what it takes. */
export interface JsonSchema {
  $ref?: string;
  type?: 'string' | 'integer' | 'number' | 'boolean' | 'array' | 'object' | 'null';
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  pattern?: string;
  format?: string;
  example?: unknown;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

/** Finds what a `$ref` stands for. */
export type Resolve = (ref: string) => JsonSchema;

/** Long values are among the hostile ones; the usual ones are short, or hardly any would be tried. */
const USUAL_LENGTH = 60;
const USUAL_ITEMS = 5;

/** Values that a schema takes. */
export function validValues(schema: JsonSchema, resolve: Resolve): fc.Arbitrary<unknown> {
  const made = madeValues(schema, resolve);
  return schema.example === undefined
    ? made
    : fc.oneof({ weight: 2, arbitrary: fc.constant(schema.example) }, { weight: 1, arbitrary: made });
}

function madeValues(schema: JsonSchema, resolve: Resolve): fc.Arbitrary<unknown> {
  const variants = schema.anyOf ?? schema.oneOf;
  if (schema.$ref !== undefined) return validValues(resolve(schema.$ref), resolve);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (variants) return fc.oneof(...variants.map((variant) => validValues(variant, resolve)));
  switch (schema.type) {
    case 'string':
      return validStrings(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -1000, max: schema.maximum ?? 100_000 });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1000, max: schema.maximum ?? 1000, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(validValues(schema.items ?? {}, resolve), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? USUAL_ITEMS, USUAL_ITEMS),
      });
    case 'object':
      return validObjects(schema, resolve);
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue();
  }
}

function validStrings({ pattern, format, minLength = 0, maxLength = USUAL_LENGTH }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date-time') {
    return fc
      .date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  }
  if (pattern?.startsWith('^')) {
    return fc.stringMatching(new RegExp(pattern), { size: 'small' });
  }
  const lengths = { minLength, maxLength: Math.min(maxLength, USUAL_LENGTH) };
  const strings = fc.oneof(fc.string({ ...lengths, unit: 'grapheme' }), fc.string(lengths), fc.lorem({ maxCount: 8 }));
  return pattern === undefined ? strings : strings.filter((value) => new RegExp(pattern).test(value));
}

function validObjects({ properties = {}, required = [] }: JsonSchema, resolve: Resolve): fc.Arbitrary<unknown> {
  const members = Object.entries(properties).map(([name, schema]) => [name, validValues(schema, resolve)] as const);
  return fc.record(Object.fromEntries(members), { requiredKeys: required, noNullPrototype: true });
}

/** Names that mean something to JavaScript. */
const STRANGE_NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'length', '', ' ', 'text\u0000', 'TEXT'];

/** Values of another kind than whatever is wanted, and at the edges of it. */
const strangeValues: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, -0, 1.5, '', ' ', '\u0000', '\ufeff', '\ud83d', '\u202e', [], {}, [
    [],
  ]),
  fc.constantFrom(10_000, 10_001, 101, 65, 129, 256).map((length) => 'x'.repeat(length)),
  fc.constantFrom(5000, 10_000).map((length) => '\u{1f600}'.repeat(length)),
  fc.constantFrom(256, 257, 1000).map((length) => Array.from({ length }, () => 'x')),
  fc.constantFrom('../../etc/passwd', '/', '%2e%2e', '${7*7}', '{{7*7}}', "' OR 1=1 --", '<script>', '\r\nX-A: b'),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Values that a schema does not take, or only just: one thing about a valid one is changed. */
export function nearlyValidValues(schema: JsonSchema, resolve: Resolve): fc.Arbitrary<unknown> {
  const target = schema.$ref === undefined ? schema : resolve(schema.$ref);
  const names = Object.keys(target.properties ?? {});
  if (names.length === 0) {
    return strangeValues;
  }
  return fc
    .record({
      valid: validValues(target, resolve) as fc.Arbitrary<Record<string, unknown>>,
      name: fc.constantFrom(...names),
      strangeName: fc.constantFrom(...STRANGE_NAMES),
      value: strangeValues,
      change: fc.constantFrom('remove', 'replace', 'replace', 'add', 'wrap'),
    })
    .map(({ valid, name, strangeName, value, change }) => {
      const { [name]: _, ...others } = valid;
      // Defined and not assigned: "__proto__" has to be a member like any other.
      const added = Object.fromEntries([...Object.entries(valid), [strangeName, value] as const]);
      return { remove: others, replace: { ...valid, [name]: value }, add: added, wrap: [valid] }[change];
    });
}
