#!/usr/bin/env node
const OLDEST_NODE = [24, 16] as const;

/** Runs `falcon`; nothing is loaded before Node's version is known to do. */
async function main(): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    process.stderr.write(
      `Falcon needs Node.js ${OLDEST_NODE.join('.')} or newer and this is ${process.version}: "bin/falcon" takes the one that "make" has fetched.\n`,
    );
    process.exit(2); // 1 is an answer of "falcon audit verify"
  }
  const { run } = await import('./run.js');
  await run();
}

void main();
