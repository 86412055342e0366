import { constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { freePort } from '../../../../scripts/test-support/free-port.js';
import { temporaryFolder } from '../../../../scripts/test-support/temporary-folder.js';
import { describeWhere } from '../../../../scripts/test-support/tools.js';
import { eventually } from '../../../../scripts/test-support/until.js';
import { Client } from '../support/client.js';
import { Falcon } from '../support/falcon.js';

/** With which flags a process has the segments of its spool open for writing; who ships them has them open, too. */
function writingFlags(pid: number): number[] {
  const descriptors = readdirSync(`/proc/${pid}/fd`);
  const segments = descriptors.filter((name) => /\/spool\/.+\.log$/.test(readlinkSync(`/proc/${pid}/fd/${name}`)));
  const flags = segments.map((name) => {
    const [, octal = ''] = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8')) ?? [];
    return parseInt(octal, 8);
  });
  return flags.filter((each) => (each & constants.O_WRONLY) !== 0);
}

// No test can cut the power, and what is only killed loses nothing without any sync, either: so the kernel is asked.
describeWhere(process.platform === 'linux', 'this is not Linux', 'a record that is answered', () => {
  it.each([
    ['disk', 'on the disk', true],
    ['process', 'with the kernel', false],
  ])('is, with AUDIT_DURABILITY=%s, %s', async (durability, _, isSynced) => {
    const POSTGRES_URL = `postgres://127.0.0.1:${await freePort()}/none`; // records stay on the spool
    const falcon = await Falcon.start({ AUDIT_DURABILITY: durability, DATA_DIR: temporaryFolder(), POSTGRES_URL });
    const client = new Client(falcon.port);
    expect((await client.infer({ text: 'a good day' })).status).toBe(200);
    const flags = await eventually(() => writingFlags(falcon.process.pid!)); // a file that is just being closed cannot be asked
    expect(new Set(flags.map((each) => (each & constants.O_DSYNC) !== 0))).toEqual(new Set([isSynced]));
    client.close();
    await falcon.kill();
  });
});
