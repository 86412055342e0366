import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { Queue } from 'bullmq';
import fastify, { type FastifyInstance } from 'fastify';
import type { QueuedJob } from './job-codec.js';

/** Where the page is; its links start from here. */
const BOARD_PATH = '/admin/queues';

/** An answer of the board. */
export interface BoardAnswer {
  statusCode: number;
  headers: Readonly<Record<string, string | number | string[] | undefined>>;
  rawPayload: Buffer;
}

const boards = new WeakMap<Queue<QueuedJob>, QueueBoard>();

/**
 * The page of a queue: a Fastify of its own that listens nowhere and is asked in process. It shows what state jobs are in;
 * nobody can add, change or remove one, and what is in the records stays out of it.
 */
export class QueueBoard {
  private constructor(private readonly server: FastifyInstance) {}

  /** The board of a queue; the same one each time. */
  static of(queue: Queue<QueuedJob>): QueueBoard {
    const board = boards.get(queue) ?? new QueueBoard(serverOf(queue));
    boards.set(queue, board);
    return board;
  }

  /** What it answers at a path with query, from BOARD_PATH on. */
  async get(url: string): Promise<BoardAnswer> {
    return this.server.inject({ method: 'GET', url });
  }
}

function serverOf(queue: Queue<QueuedJob>): FastifyInstance {
  const serverAdapter = new FastifyAdapter().setBasePath(BOARD_PATH);
  const adapter = new BullMQAdapter(queue, {
    readOnlyMode: true,
    description: 'Audit records on their way into inference_logs',
  });
  adapter.setFormatter('data', ({ format, records }: QueuedJob) => ({ format, records }));
  createBullBoard({ queues: [adapter], serverAdapter, options: { uiConfig: { boardTitle: 'Falcon' } } });
  const server = fastify();
  void server.register(serverAdapter.registerPlugin(), { prefix: BOARD_PATH });
  return server;
}
