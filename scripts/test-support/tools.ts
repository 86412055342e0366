import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

/** Programs that only tests use: what scripts/tools.sh finds or fetches, and kubectl and systemd-analyze, which a machine has or has not. */
export type Tool =
  | 'redis-server'
  | 'prometheus'
  | 'promtool'
  | 'prometheus-alertmanager'
  | 'amtool'
  | 'nginx'
  | 'kustomize'
  | 'kubectl'
  | 'systemd-analyze';

/** In the project's folder, from which tests and bench are run. */
const FETCHED_FOLDER = resolve('.tools/bin');

/** Where a program is: the one that was fetched, because the machine's was missing or too old, else the machine's. */
export function toolPath(tool: Tool): string | undefined {
  const folders = [FETCHED_FOLDER, ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, tool)).find(isProgram);
}

/** `describe` where the machine is such; elsewhere the tests are skipped, and it is said why. */
export function describeWhere(isSo: boolean, otherwise: string, name: string, tests: () => void): void {
  if (!isSo) process.stderr.write(`SKIPPED, because ${otherwise}: ${name}\n`);
  (isSo ? describe : describe.skip)(name, tests);
}

/** `describe` where all of the tools are to be had; elsewhere the tests are skipped, and that is said. */
export function describeWithTool(tools: Tool | readonly Tool[], name: string, tests: () => void): void {
  const missing = [tools].flat().filter((tool) => toolPath(tool) === undefined);
  describeWhere(missing.length === 0, `there is no ${missing.join(', no ')} (run scripts/tools.sh)`, name, tests);
}

/** Runs a tool to its end; throws with what it said when it does not end well. */
export function runTool(tool: Tool, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(toolPath(tool) ?? tool, args, { encoding: 'utf8' });
  if (error || status !== 0) {
    throw new Error(`${tool} ${args.join(' ')} ended with ${error?.message ?? status}:\n${stdout}${stderr}`);
  }
  return stdout;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not for us
  }
}
