import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

const OLDEST_NODE = [24, 16] as const;

/** Starts the worker; nothing but Node's own modules is loaded before its version is known to do. */
async function main(): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    process.stderr.write(`Falcon needs Node.js ${OLDEST_NODE.join('.')} or newer and this is ${process.version}.\n`);
    process.exit(1);
  }
  enableCompileCache(join(__dirname, '../../../../.cache/compile'));
  const { work } = await import('./work.js');
  await work();
}

void main();
