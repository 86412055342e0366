import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWhere } from './tools.js';

/** Root may mount, but not in a container without CAP_SYS_ADMIN: only an attempt tells. */
export const canMount = tryToMount();

/** `describe` where a small disk can be had; elsewhere the tests are skipped, and that is said. */
export function describeWithSmallDisk(name: string, tests: () => void): void {
  describeWhere(canMount, 'nothing can be mounted (root with CAP_SYS_ADMIN may)', name, tests);
}

/** Makes a folder that is a disk of so many bytes. */
export function mountSmallDisk(folder: string, bytes: number): void {
  mkdirSync(folder, { recursive: true });
  if (!mount(folder, bytes)) throw new Error(`No disk could be mounted on ${folder}.`);
}

/** Takes it away, whoever still has a file of it open. */
export function unmountSmallDisk(folder: string): void {
  spawnSync('umount', ['-l', folder]);
}

/** Leaves not a byte of the disk. */
export function fillUp(file: string): void {
  for (const chunk of [65_536, 4096, 1]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(chunk), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

function mount(folder: string, bytes: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'tmpfs', folder]).status === 0;
}

function tryToMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'falcon-mount-'));
  const isPossible = mount(folder, 4096);
  if (isPossible) unmountSmallDisk(folder);
  rmdirSync(folder);
  return isPossible;
}
