import { Command, InvalidArgumentError, Option } from 'commander';
import {
  changeKeyFile,
  generateKey,
  IDENTIFIER,
  IDENTIFIER_IN_WORDS,
  MAX_BURST,
  MAX_NOTE_LENGTH,
  readKeyFile,
  ROLES,
  type KeyRecord,
  type Role,
} from '@app/ops';
import { parseExpiry } from '../instant.js';

interface FileOptions {
  file: string;
}

interface CreateOptions extends FileOptions {
  tenant?: string;
  role: Role;
  expires?: Date;
  ratePerMinute?: number;
  rateBurst?: number;
  note?: string;
}

/** `falcon keys create|list|revoke`: the file of hashed keys that the server reads. */
export function keysCommand(defaultFile: string | undefined): Command {
  const keys = new Command('keys').description(
    'keys of callers, hashed in a file; a running server reads it again by itself',
  );
  const withFile = (command: Command): Command => {
    const option = new Option('--file <file>', 'the file (API_KEYS_FILE)');
    return command.addOption(defaultFile === undefined ? option.makeOptionMandatory() : option.default(defaultFile));
  };
  withFile(keys.command('create'))
    .description('make a key and print it, this once: the file has only its hash')
    .addOption(new Option('--role <role>', 'what it opens').choices(ROLES).default('infer'))
    .option('--tenant <name>', 'whom it stands for; needed for the role infer', parseTenant)
    .option('--expires <time>', 'from when on it is refused: 90d or 12h from now, or 2027-01-31', (written) =>
      parseExpiry(written),
    )
    .option('--rate-per-minute <requests>', 'a limit of its own instead of its tenant’s', parseCount)
    .option('--rate-burst <requests>', 'requests at once after a rest; a tenth of the rate if not given', parseBurst)
    .option('--note <text>', 'what people should know of it', parseNote)
    .action(create);
  withFile(keys.command('list'))
    .description('every key, without what would open anything')
    .option('--json', 'print JSON')
    .action(list);
  withFile(keys.command('revoke'))
    .description('take keys out of the file, all that are named or none; servers refuse them within two seconds')
    .argument('<ids...>', 'their ids: the twelve digits after "falcon_"')
    .action(revoke);
  return keys;
}

async function create({ file, tenant, role, expires, note, ...limit }: CreateOptions): Promise<void> {
  if (tenant === undefined && role === 'infer') throw new Error('a key with the role infer needs --tenant');
  if (limit.rateBurst !== undefined && limit.ratePerMinute === undefined)
    throw new Error('--rate-burst needs --rate-per-minute');
  const { id, key, sha256 } = generateKey();
  const record: KeyRecord = {
    id,
    sha256,
    tenant: tenant ?? role,
    role,
    created_at: new Date().toISOString(),
    ...(expires && { expires_at: expires.toISOString() }),
    ...(limit.ratePerMinute !== undefined && {
      rate_limit: {
        per_minute: limit.ratePerMinute,
        burst: limit.rateBurst ?? Math.max(1, Math.round(limit.ratePerMinute / 10)),
      },
    }),
    ...(note !== undefined && { note }),
  };
  await changeKeyFile(file, (keys) => [...keys, record]);
  console.error(`Key ${id} (${role}, tenant ${record.tenant}) is in ${file}. This is the only time it is shown:`);
  console.log(key);
}

async function list({ file, json }: FileOptions & { json?: boolean }): Promise<void> {
  const keys = (await readKeyFile(file)).map(({ sha256: _hash, ...shown }) => shown);
  console.log(json ? JSON.stringify(keys, null, 2) : keys.map(lineOf).join('\n') || 'no keys');
}

async function revoke(ids: string[], { file }: FileOptions): Promise<void> {
  await changeKeyFile(file, (keys) => {
    const unknown = ids.find((id) => !keys.some((key) => key.id === id));
    if (unknown !== undefined) throw new Error(`no key "${unknown}" in ${file}`);
    return keys.filter((key) => !ids.includes(key.id));
  });
  console.log(ids.map((id) => `Key ${id} is revoked.`).join('\n'));
}

function lineOf({ id, role, tenant, expires_at, rate_limit, note }: Omit<KeyRecord, 'sha256'>): string {
  const isOver = expires_at !== undefined && Date.parse(expires_at) <= Date.now();
  const parts = [
    id,
    role.padEnd(7),
    tenant.padEnd(24),
    expires_at === undefined ? 'never expires' : `${isOver ? 'EXPIRED' : 'expires'} ${expires_at}`,
    rate_limit && `${rate_limit.per_minute}/min, burst ${rate_limit.burst}`,
    note,
  ];
  return parts.filter((part) => part !== undefined).join('  ');
}

function parseTenant(written: string): string {
  if (!IDENTIFIER.test(written)) throw new InvalidArgumentError(`A tenant has ${IDENTIFIER_IN_WORDS}.`);
  return written;
}

function parseCount(written: string): number {
  if (!/^[1-9]\d{0,6}$/.test(written)) throw new InvalidArgumentError('A count is written in digits, and at least 1.');
  return Number(written);
}

function parseBurst(written: string): number {
  const burst = parseCount(written);
  if (burst > MAX_BURST) throw new InvalidArgumentError(`A burst is ${MAX_BURST} requests at most.`);
  return burst;
}

function parseNote(written: string): string {
  if (written.length > MAX_NOTE_LENGTH)
    throw new InvalidArgumentError(`A note has ${MAX_NOTE_LENGTH} characters at most.`);
  return written;
}
