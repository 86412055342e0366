import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The table of the audit log, partitioned by month, and the one for records that it refuses. */
export class CreateInferenceLogs1763596800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE inference_logs (
        id uuid NOT NULL,
        created_at timestamptz NOT NULL,
        request_id text NOT NULL,
        batch_index smallint,
        worker_id text NOT NULL,
        tenant text NOT NULL,
        model text,
        model_version text,
        text_hash char(64) NOT NULL,
        text_length integer NOT NULL,
        text text,
        prediction text,
        confidence double precision,
        probabilities jsonb,
        mode text,
        degraded_reason text,
        cache_hit boolean NOT NULL,
        idempotency_hit boolean NOT NULL,
        idempotency_key text,
        priority text NOT NULL,
        success boolean NOT NULL,
        status smallint NOT NULL,
        error_code text,
        error_message text,
        processing_time_ms double precision NOT NULL,
        inference_time_ms double precision,
        client_ip inet,
        CONSTRAINT inference_logs_pkey PRIMARY KEY (id, created_at)
      ) PARTITION BY RANGE (created_at)`);
    await runner.query('CREATE INDEX inference_logs_created_at ON inference_logs (created_at)');
    await runner.query('CREATE INDEX inference_logs_worker_id_created_at ON inference_logs (worker_id, created_at)');
    await runner.query('CREATE INDEX inference_logs_tenant_created_at ON inference_logs (tenant, created_at)');
    await runner.query('CREATE INDEX inference_logs_request_id ON inference_logs (request_id)');
    await runner.query(`
      CREATE TABLE inference_log_dead_letters (
        id char(64) NOT NULL,
        set_aside_at timestamptz NOT NULL DEFAULT now(),
        sqlstate char(5) NOT NULL,
        reason text NOT NULL,
        format smallint NOT NULL,
        record text NOT NULL,
        CONSTRAINT inference_log_dead_letters_pkey PRIMARY KEY (id)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE inference_log_dead_letters');
    await runner.query('DROP TABLE inference_logs');
  }
}
