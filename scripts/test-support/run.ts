import { execFile } from 'node:child_process';

/** What a command said, and how it ended. */
export interface Said {
  code: number;
  stdout: string;
  stderr: string;
}

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Runs a program to its end, however that is. */
export function run(
  [program = '', ...args]: readonly string[],
  { input, ...options }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Said> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { maxBuffer: MAX_OUTPUT_BYTES, ...options }, (error, stdout, stderr) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0;
      resolve({ code, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
