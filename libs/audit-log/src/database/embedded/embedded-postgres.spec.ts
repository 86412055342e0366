import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs, {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { makeDataDir } from '../../../test-support/data-dir.js';
import { recordingLog } from '../../../test-support/recording-log.js';
import { describeWhere } from '../../../../../scripts/test-support/tools.js';
import { until } from '../../../../../scripts/test-support/until.js';
import { EmbeddedPostgres } from './embedded-postgres.js';
import type { EmbeddedConnection } from './postmaster.js';

const PROGRAM = join(__dirname, '../../../test-support/use-embedded-postgres.ts');
const TYPESCRIPT = join(__dirname, '../../../../../scripts/test-support/register-typescript.cjs');

jest.setTimeout(60_000);

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;

describe('EmbeddedPostgres', () => {
  let dataDir: string;
  const started: EmbeddedPostgres[] = [];
  const children: ChildProcess[] = [];

  const shared = makeDataDir();

  beforeEach(() => (dataDir = shared)); // most of it can be seen on one cluster

  afterEach(async () => {
    children.splice(0).forEach((child) => child.kill('SIGKILL'));
    await Promise.all(started.splice(0).map((postgres) => postgres.stop()));
    const orphan = serverPid();
    if (isAlive(orphan)) process.kill(orphan, 'SIGQUIT');
    await until(() => !isAlive(orphan));
  });

  const inNewFolder = () => (dataDir = makeDataDir());

  const start = async (log = recordingLog(), elsewhere?: string) => {
    const postgres = await EmbeddedPostgres.start({ dataDir, log, ...(elsewhere !== undefined && { elsewhere }) });
    started.push(postgres);
    return postgres;
  };

  /** Another process that uses the same folder. */
  const startProcess = async () => {
    const args = ['--disable-warning=ExperimentalWarning', '--require', TYPESCRIPT, PROGRAM, dataDir];
    const child = spawn(process.execPath, args);
    children.push(child);
    const said: string[] = [];
    child.stderr.on('data', (data: Buffer) => said.push(String(data)));
    const exit = once(child, 'exit').then(() => Promise.reject(new Error(`ended: ${said.join('')}`)));
    exit.catch(() => undefined); // its end is only of interest while it starts
    await Promise.race([once(child.stdout, 'data'), exit]);
    return child;
  };

  const serverPid = () => {
    const file = join(dataDir, 'postgres/data/postmaster.pid');
    return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : 0;
  };

  it('is a real Postgres that only its own Unix socket leads to', async () => {
    const { connection } = await start();
    expect(await query(connection, 'SHOW server_version')).toMatch(/^18\./);
    expect(await query(connection, 'SHOW listen_addresses')).toBe('');
    expect(await query(connection, 'SHOW fsync')).toBe('on');
    expect(await query(connection, 'SHOW max_connections')).toBe('200');
    expect(statSync(connection.host).mode & 0o777).toBe(0o700);
    expect(connection.host).toBe(join(dataDir, 'postgres/socket'));
  });

  it('is shared by all that use the folder and stopped by the last', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    expect(first.connection).toEqual(second.connection);
    const pid = serverPid();
    await first.stop();
    await expect(query(second.connection, 'SELECT 1')).resolves.toBe(1);
    expect(serverPid()).toBe(pid);
    await second.stop();
    expect(serverPid()).toBe(0);
  });

  it('is shared by processes, whichever of them started it', async () => {
    const [first, second] = await Promise.all([startProcess(), startProcess()]);
    const pid = serverPid();
    const { connection } = await start();
    first.kill('SIGTERM');
    await once(first, 'exit');
    second.kill('SIGTERM');
    await once(second, 'exit');
    await expect(query(connection, 'SELECT 1')).resolves.toBe(1);
    expect(serverPid()).toBe(pid);
  });

  it('survives the SIGKILL of the process that started it, and the next one takes it over', async () => {
    const owner = await startProcess();
    const pid = serverPid();
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    expect(serverPid()).toBe(pid);
    const postgres = await start();
    expect(serverPid()).toBe(pid);
    await postgres.stop();
    expect(serverPid()).toBe(0);
  });

  it('is started again when it is killed, with all that was committed', async () => {
    const logs = [recordingLog(), recordingLog()] as const;
    const [{ connection }] = await Promise.all([start(logs[0]), start(logs[1])]);
    await query(connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    for (let kill = 1; kill <= 3; kill++) {
      process.kill(serverPid(), 'SIGKILL');
      await until(() => logs.every(({ lines }) => lines.length === 2 * kill));
      await expect(query(connection, 'SELECT answer FROM kept')).resolves.toBe(42);
    }
    expect(logs[0].lines.slice(0, 2)).toEqual([
      'WARNING Embedded Postgres is gone: it is started again',
      'INFO Embedded Postgres runs again',
    ]);
  });

  describeWhere(isLinux, 'this is not Linux', 'killed, with a process that lives on and notices nothing', () => {
    it('is started again', async () => {
      const log = recordingLog();
      const { connection } = await start(log);
      const client = new Client(connection);
      client.on('error', () => undefined); // its server is killed
      await client.connect();
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      process.kill(rows[0]!.pid, 'SIGSTOP');
      process.kill(serverPid(), 'SIGKILL');
      await until(() => log.lines.includes('INFO Embedded Postgres runs again'));
      await expect(query(connection, 'SELECT 1')).resolves.toBe(1);
    });
  });

  it('does not end the process when it cannot look after its server', async () => {
    const log = recordingLog();
    const { connection } = await start(log);
    const note = join(dataDir, 'postgres/data/postmaster.pid');
    renameSync(note, `${note}.aside`);
    mkdirSync(note); // reading it fails, and not because there is none
    await until(() => log.lines.length > 0);
    rmdirSync(note);
    renameSync(`${note}.aside`, note);
    expect(log.lines).toContain('WARNING Looking after the embedded Postgres failed, and is tried again');
    await expect(query(connection, 'SELECT 1')).resolves.toBe(1);
  });

  describe('in another PID namespace', () => {
    const note = () => join(dataDir, 'postgres/data/postmaster.pid');
    let said: string;
    let pid: number;

    /** The number of its process says nothing here. */
    const hide = () => {
      said = readFileSync(note(), 'utf8');
      pid = serverPid();
      writeFileSync(note(), said.replace(/^\d+/, '4194304'));
    };

    afterEach(() => {
      jest.restoreAllMocks();
      process.kill(pid, 'SIGCONT');
      writeFileSync(note(), said);
    });

    it('is not taken for gone while it answers', async () => {
      const log = recordingLog();
      await start(log);
      hide();
      const reading = jest.spyOn(fs, 'readFileSync');
      await until(() => reading.mock.calls.filter(([path]) => path === note()).length >= 4); // a look, and what it leads to
      expect(log.lines).toEqual([]);
    });

    it('is not started a second time while it is frozen', async () => {
      await start();
      hide();
      process.kill(pid, 'SIGSTOP');
      const attempt = EmbeddedPostgres.start({ dataDir, log: recordingLog(), readyTimeoutMs: 500 });
      await expect(attempt).rejects.toThrow(/runs and does not answer yet/);
    });
  });

  it('lets go of a frozen server', async () => {
    const postgres = await start();
    const pid = serverPid();
    const backend = await query(
      postgres.connection,
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'falcon keeper'",
    );
    for (const each of [pid, Number(backend)]) process.kill(each, 'SIGSTOP');
    const startMs = performance.now();
    await postgres.stop();
    expect(performance.now() - startMs).toBeLessThan(40_000);
    for (const each of [pid, Number(backend)]) process.kill(each, 'SIGCONT');
    await until(() => serverPid() === 0);
  });

  it('starts although the number of its killed predecessor belongs to another process now', async () => {
    const postgres = await start();
    await postgres.stop();
    const other = spawn('sleep', ['60'], { ...(process.getuid?.() === 0 && { uid: 65534, gid: 65534 }), cwd: '/' });
    children.push(other);
    await once(other, 'spawn');
    const note = join(dataDir, 'postgres/data/postmaster.pid');
    writeFileSync(
      note,
      `${other.pid}\n${join(dataDir, 'postgres/data')}\n1\n5432\n${postgres.connection.host}\n\n 0 0\nready\n`,
    );
    const again = await start();
    await expect(query(again.connection, 'SELECT 1')).resolves.toBe(1);
    expect(serverPid()).not.toBe(other.pid);
  });

  it('is waited for while it recovers, however long that takes, and not begun anew', async () => {
    inNewFolder();
    await (await start()).stop();
    const [hold, data] = [join(dataDir, 'hold'), join(dataDir, 'postgres/data')];
    writeFileSync(hold, '');
    writeFileSync(join(data, 'recovery.signal'), '');
    const command = `while test -e "${hold}"; do sleep 0.1; done; false`;
    writeFileSync(join(data, 'postgresql.auto.conf'), `restore_command = '${command}'\n`);
    const attempt = () => EmbeddedPostgres.start({ dataDir, log: recordingLog(), readyTimeoutMs: 500 });
    await expect(attempt()).rejects.toThrow(/runs and does not answer yet, and is waited for/);
    await until(() => serverPid() > 0);
    const pid = serverPid();
    await expect(attempt()).rejects.toThrow(/runs and does not answer yet, and is waited for/);
    rmSync(hold);
    const { connection } = await start();
    await expect(query(connection, 'SELECT 1')).resolves.toBe(1);
    expect(serverPid()).toBe(pid);
  });

  it('begins a set-up anew that was broken off', async () => {
    inNewFolder();
    mkdirSync(join(dataDir, 'postgres/data.unfinished/base'), { recursive: true }); // as SIGKILL in the middle leaves it
    const { connection } = await start();
    await expect(query(connection, 'SELECT 1')).resolves.toBe(1);
    expect(readdirSync(join(dataDir, 'postgres'))).not.toContain('data.unfinished');
  });

  it('refuses a cluster of another version with a sentence that says what to do', async () => {
    await (await start()).stop();
    const file = join(dataDir, 'postgres/data/PG_VERSION');
    writeFileSync(file, '17\n');
    await expect(start()).rejects.toThrow(
      /is a cluster of Postgres 17, and this Falcon brings Postgres 18: run the Falcon/,
    );
    writeFileSync(file, '18\n');
  });

  it('says what its server says when that cannot start', async () => {
    await (await start()).stop();
    const file = join(dataDir, 'postgres/data/postgresql.auto.conf');
    writeFileSync(file, "shared_preload_libraries = 'nothing'\n");
    await expect(start()).rejects.toThrow(
      /cannot run \(could not access file "nothing": No such file.*set POSTGRES_URL/,
    );
    writeFileSync(file, '');
  });

  it('keeps out of a folder of its socket that others may enter', async () => {
    await (await start()).stop();
    chmodSync(join(dataDir, 'postgres/socket'), 0o755);
    await expect(start()).rejects.toThrow(/is not a folder of user \d+ with mode 0700: remove it/);
    chmodSync(join(dataDir, 'postgres/socket'), 0o700);
  });

  it('has its socket in a folder of its own under /tmp where the path would be too long for one', async () => {
    inNewFolder();
    const deep = join(dataDir, 'x'.repeat(90));
    const postgres = await EmbeddedPostgres.start({ dataDir: deep, log: recordingLog() });
    started.push(postgres);
    const { host } = postgres.connection;
    expect(host).toMatch(/^\/tmp\/falcon-pg-[0-9a-f]{16}$/);
    expect(statSync(host).mode & 0o777).toBe(0o700);
    await expect(query(postgres.connection, 'SELECT 1')).resolves.toBe(1);
    await postgres.stop();
    rmSync(host, { recursive: true });
  });

  describeWhere(isRoot, 'only root has it run as another user', 'embedded Postgres run by root', () => {
    it('lives elsewhere when the user it runs as cannot enter the data folder', async () => {
      inNewFolder();
      const elsewhere = makeDataDir();
      chmodSync(dataDir, 0o700);
      const { connection } = await start(recordingLog(), elsewhere);
      await expect(query(connection, 'SELECT 1')).resolves.toBe(1);
      expect(lstatSync(join(dataDir, 'postgres')).isSymbolicLink()).toBe(true);
      expect(connection.host.startsWith(elsewhere)).toBe(true);
      await started.pop()?.stop();
      rmSync(elsewhere, { recursive: true });
      await expect(start(recordingLog(), elsewhere)).rejects.toThrow(/links to a folder that is gone/);
    });
  });
});

async function query(connection: EmbeddedConnection, sql: string): Promise<unknown> {
  const client = new Client(connection);
  client.on('error', () => undefined); // the server is killed under it
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(sql);
    return rows[0] && Object.values(rows[0])[0];
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
