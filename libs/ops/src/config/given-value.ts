import { readFileSync } from 'node:fs';

/** A value as it was given: by its variable, or in the file that the variable with `_FILE` at its end names. */
export interface GivenValue {
  value: string | undefined;
  /** What is to blame if the value is wrong, and how it is shown. */
  source: { name: string; value: string; isFile: boolean };
  /** What the source must be instead; undefined: there is a value, or none was given. */
  fault?: string;
}

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EISDIR: 'it is a folder',
};

/** Finds the value of a variable; blank counts as not given, a file's too, but that is a fault. */
export function givenValue(name: string, env: NodeJS.ProcessEnv, mayBeInFile: boolean): GivenValue {
  const value = env[name]?.trim() || undefined;
  const path = mayBeInFile ? env[`${name}_FILE`]?.trim() : undefined;
  if (!path) {
    return { value, source: { name, value: value ?? '', isFile: false } };
  }
  const source = { name: `${name}_FILE`, value: path, isFile: true };
  return value === undefined
    ? { source, ...valueOfFile(path) }
    : { value, source, fault: `left out when ${name} is set: one of the two is the value` };
}

function valueOfFile(path: string): { value: string | undefined; fault?: string } {
  try {
    const value = readFileSync(path, 'utf8').trim();
    if (value === '') return { value: undefined, fault: 'a file that holds the value: it is empty' };
    if (/[\r\n]/.test(value)) return { value: undefined, fault: 'a file of one line: it has several' };
    return { value };
  } catch (error) {
    const { code = String(error) } = error as NodeJS.ErrnoException;
    return { value: undefined, fault: `a file that can be read: ${REASONS[code] ?? code}` };
  }
}
