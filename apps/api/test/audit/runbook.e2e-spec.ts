import { AuditStack } from '../support/audit-stack.js';
import { LedgerClient } from '../support/ledger-client.js';
import type { Service } from '../support/service.js';

jest.setTimeout(120_000);

describe('the statements of the runbook', () => {
  let stack: AuditStack;
  let api: Service;
  let client: LedgerClient;

  beforeAll(async () => {
    stack = await AuditStack.open({ postgres: 'now' });
    api = await (await stack.api('api')).start();
    client = new LedgerClient({ ports: [api.port] });
    await client.send(50);
    await api.whenShipped();
  });
  afterAll(() => stack.close());

  it('count the rows of the last minute', async () => {
    const sql = "SELECT count(*) FROM inference_logs WHERE created_at > now() - interval '1 minute'";
    expect(await stack.query(sql)).toEqual([{ count: String(client.texts()) }]);
  });

  it('delete rows older than 30 days, and no others', async () => {
    const [month] = await stack.query<{ name: string }>(
      `SELECT 'inference_logs_' || to_char(now() - interval '40 days', 'YYYY_MM') AS name`,
    );
    await stack.query(`CREATE TABLE ${month!.name} PARTITION OF inference_logs FOR VALUES
      FROM (date_trunc('month', timestamptz 'epoch')) TO (date_trunc('month', now()))`);
    await stack.query(`INSERT INTO inference_logs SELECT (jsonb_populate_record(log, jsonb_build_object(
      'id', gen_random_uuid(), 'created_at', now() - interval '40 days'))).* FROM inference_logs AS log`);
    const count = () => stack.query('SELECT count(*) FROM inference_logs');
    expect(await count()).toEqual([{ count: String(2 * client.texts()) }]);
    await stack.query("DELETE FROM inference_logs WHERE created_at < now() - interval '30 days'");
    expect(await count()).toEqual([{ count: String(client.texts()) }]);
  });

  it('tell answers by worker and by tenant from their indexes', async () => {
    const rows = await stack.query(
      `SELECT worker_id, tenant, count(*) FROM inference_logs
       WHERE worker_id = 'api' AND tenant = 'default' AND created_at > now() - interval '1 hour' GROUP BY 1, 2`,
    );
    expect(rows).toEqual([{ worker_id: 'api', tenant: 'default', count: String(client.texts()) }]);
  });
});
