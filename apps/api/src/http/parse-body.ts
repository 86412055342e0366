import type { z } from 'zod';
import { HttpError, type MemberFault } from '../http-errors.js';

const MAX_FAULTS = 20;
const MAX_PATH_LENGTH = 100;

/**
 * Checks a body against a schema.
 * @throws {HttpError} that names the wrong members, the first twenty
 */
export function parseBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  if (body === undefined) {
    throw new HttpError('MALFORMED_JSON', 'The body is empty.');
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) {
    return parsed.data;
  }
  const faults = parsed.error.issues.flatMap(faultsOf);
  throw new HttpError('INVALID_REQUEST', sentenceOf(faults), { errors: faults.slice(0, MAX_FAULTS) });
}

function faultsOf(issue: z.core.$ZodIssue): MemberFault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: pathOf([...issue.path, key]), message: 'is not a member of the request' }));
  }
  return [{ path: pathOf(issue.path), message: issue.message }];
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join('.').slice(0, MAX_PATH_LENGTH);
}

function sentenceOf([first, ...others]: MemberFault[]): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return `${first?.path ? `"${first.path}"` : 'The body'} ${first?.message ?? 'is invalid'}${more}.`;
}
