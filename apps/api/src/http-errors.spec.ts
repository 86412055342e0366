import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as inference from '@app/inference';
import { PROJECT_DIR } from '../../../scripts/test-support/program.js';
import { HTTP_ERRORS, INFERENCE_ERROR_CODES } from './http-errors.js';

const CODES = Object.entries(HTTP_ERRORS).map(([code, { status }]) => ({ code, status }));

describe('docs/errors.md', () => {
  const page = readFileSync(join(PROJECT_DIR, 'docs/errors.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` +\| (\d{3}) +\| [^|]+\. +\| [^|]+\. +\|$/gm)];

  it('explains every error, with its status, and no other', () => {
    expect(rows.map(([, code = '', status]) => ({ code, status: Number(status) }))).toEqual(CODES);
  });
});

describe('HTTP_ERRORS', () => {
  it('is ordered by status', () => {
    const statuses = CODES.map(({ status }) => status);
    expect(statuses).toEqual(statuses.toSorted((a, b) => a - b));
  });

  it('has a row for everything that asking a model may end with', () => {
    const source = readFileSync(join(PROJECT_DIR, 'libs/inference/src/inference.errors.ts'), 'utf8');
    const codes = [...source.matchAll(/readonly code = '([A-Z_]+)'/g)].map(([, code = '']) => code);
    const exported = Object.values(inference).filter(
      (value) => typeof value === 'function' && value.prototype instanceof inference.InferenceError,
    );
    expect(codes).toHaveLength(exported.length);
    const others = [
      'INTERNAL_ERROR',
      'AUDIT_UNAVAILABLE',
      'BULKHEAD_FULL',
      'CIRCUIT_OPEN',
      'IDEMPOTENCY_KEY_IN_FLIGHT',
      'IDEMPOTENCY_KEY_REUSED',
    ];
    expect([...codes, ...others].toSorted()).toEqual([...INFERENCE_ERROR_CODES].toSorted());
  });
});
