// A bench that waits to be interrupted, with two servers of which one is frozen: `interrupted-bench.ts <log folder>`. It says where its
// temporary folders are; in the log of a server is its process id, and then each signal that it gets.
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { BenchServer } from '../bench-server.js';
import { endTogether } from '../end-together.js';

const SERVER = `
console.log(process.pid);
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => { console.log(name); setTimeout(() => process.exit(), 100); });
setInterval(() => {}, 1000);
process.send({ port: 1 });`;

async function main(logFolder: string): Promise<void> {
  endTogether();
  const script = join(tmpdir(), 'server.cjs');
  writeFileSync(script, SERVER);
  const start = (name: string) =>
    BenchServer.start({ name, script: relative(resolve(__dirname, '../..'), script) }, logFolder);
  await start('server');
  (await start('frozen')).freeze();
  console.log(tmpdir());
}

void main(process.argv[2] ?? '');
