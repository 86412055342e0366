import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describeWhere } from '../scripts/test-support/tools.js';
import { readProcessUsage } from './process-usage.js';

describeWhere(process.platform === 'linux', 'this is not Linux', 'readProcessUsage', () => {
  it('agrees with what the process says of itself', async () => {
    // What says it is loaded before it is measured.
    const program = `process.stdout; const until = performance.now() + 200; while (performance.now() < until);
      console.log(JSON.stringify({ cpu: process.cpuUsage(), rss: process.memoryUsage.rss() })); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      const { cpu, rss } = JSON.parse(said.toString()) as { cpu: NodeJS.CpuUsage; rss: number };
      const usage = readProcessUsage(child.pid!);
      expect(Math.abs(usage.cpuMs - (cpu.user + cpu.system) / 1000)).toBeLessThan(100);
      expect(Math.abs(usage.rssMb / (rss / 2 ** 20) - 1)).toBeLessThan(0.1);
    } finally {
      child.kill();
    }
  });

  it('counts the children of a process, and theirs', async () => {
    const grandchild = `setInterval(() => {}, 1000); process.stdout.write('up')`;
    const program = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' })`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    try {
      await once(child.stdout, 'data');
      const { rssMb } = readProcessUsage(child.pid!);
      expect(rssMb).toBeGreaterThan(60); // two Nodes: one alone has about 45 MB
    } finally {
      process.kill(-child.pid!);
    }
  });

  it('keeps the CPU time of children that have ended', async () => {
    const busy = `while (process.cpuUsage().user < 300_000);`;
    const program = `require('child_process').spawnSync(process.execPath, ['-e', ${JSON.stringify(busy)}]); process.stdout.write('done'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      const ownMs = (Number(stat[11]) + Number(stat[12])) * 10;
      expect(readProcessUsage(child.pid!).cpuMs).toBeGreaterThan(ownMs + 150);
    } finally {
      child.kill();
    }
  });
});
