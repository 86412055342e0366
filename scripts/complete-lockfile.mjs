// Adds to package-lock.json the platform packages (os, cpu) that the registry at hand did not offer, so that `npm ci` accepts
// the file on every system: npm refuses a lockfile in which an optionalDependency of a package has no entry at all.
// Also removes the addresses of the registry that wrote the file.
// Usage: node scripts/complete-lockfile.mjs [--check] [file]    (--check: say what is missing and exit with 1, change nothing)
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const OS = [
  'darwin',
  'linux',
  'win32',
  'android',
  'freebsd',
  'openbsd',
  'netbsd',
  'sunos',
  'aix',
  'openharmony',
  'wasi',
];
const CPU = ['arm64', 'x64', 'ia32', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'];
const SYNONYMS = { windows: 'win32', armv7: 'arm', armv6: 'arm' };

/** What `npm` needs to skip the package where it does not belong; the platform is read from the package's name. */
function platformEntry(name, version, dev) {
  const words = name.split(/[/@_-]/).map((word) => SYNONYMS[word] ?? word);
  const os = OS.find((candidate) => words.includes(candidate));
  const cpu = CPU.find((candidate) => words.includes(candidate));
  const libc = words.some((word) => word.startsWith('musl'))
    ? 'musl'
    : words.some((word) => word.startsWith('gnu')) && 'glibc';
  if (!os) throw new Error(`${name}: cannot tell its operating system from its name`);
  return {
    version,
    ...(cpu && { cpu: [cpu] }),
    ...(dev && { dev: true }),
    ...(os === 'linux' && libc && { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

/** Where Node would find `name` from the package at `path`: its own node_modules, then those of the folders above. */
function isLocked(packages, path, name) {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder ? `${folder}/` : ''}node_modules/${name}`]) return true;
    if (folder === '') return false;
  }
}

function missingPlatformPackages(packages) {
  const missing = new Map();
  for (const [path, { optionalDependencies, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies ?? {})) {
      const exact = /^\d/.test(version); // a range (fsevents): npm itself leaves it out
      if (exact && !isLocked(packages, path, name)) missing.set(name, platformEntry(name, version, dev));
    }
  }
  return missing;
}

const args = process.argv.slice(2);
const file = args.find((arg) => arg !== '--check') ?? fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(file, 'utf8'));
const missing = missingPlatformPackages(lock.packages);
const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved);

if (args.includes('--check')) {
  for (const name of missing.keys()) console.error(`${name}: missing; run: node scripts/complete-lockfile.mjs`);
  for (const [path] of resolved)
    console.error(`${path}: "resolved" names a registry; run: node scripts/complete-lockfile.mjs`);
  process.exit(missing.size + resolved.length === 0 ? 0 : 1);
}
for (const [name, entry] of missing) lock.packages[`node_modules/${name}`] = entry;
for (const [, entry] of resolved) delete entry.resolved;
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`package-lock.json: ${missing.size} platform packages added, ${resolved.length} addresses removed`);
