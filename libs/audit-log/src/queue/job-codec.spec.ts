import fc from 'fast-check';
import { packJob, unpackJob } from './job-codec.js';

describe('a packed job', () => {
  it('is what it was when it is unpacked', async () => {
    const rows = fc.array(
      fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify({ text })),
      { minLength: 1 },
    );
    await fc.assert(
      fc.asyncProperty(rows, async (lines) => {
        const job = { format: 2, records: lines.length, rows: lines.join('\n') };
        expect(await unpackJob(await packJob({ ...job, rows: Buffer.from(job.rows) }))).toEqual(job);
      }),
    );
  });

  it('is far smaller', async () => {
    const line = (index: number) => JSON.stringify({ id: index, tenant: 'default', model: 'sentiment', success: true });
    const rows = Buffer.from(Array.from({ length: 1000 }, (_, index) => line(index)).join('\n'));
    expect((await packJob({ format: 2, records: 1000, rows })).zstd.length).toBeLessThan(rows.length / 4);
  });
});

describe('a job that is not packed', () => {
  it('is taken as it is', async () => {
    const job = { format: 1, records: 1, rows: '{}' };
    expect(await unpackJob(job)).toEqual(job);
  });
});
