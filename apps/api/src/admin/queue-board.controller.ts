import { Controller, Get, Req, Res } from '@nestjs/common';
import { AuditPipeline, QueueUnavailableError } from '@app/audit-log';
import { UsePolicy } from '@app/resilience';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpError } from '../http-errors.js';
import { PAGE_HEADERS } from '../http/security-headers.js';

/** The board of the audit queue, a page of bull-board: the server it brings along is asked in process. */
@Controller('admin/queues')
@UsePolicy('queue')
export class QueueBoardController {
  constructor(private readonly pipeline: AuditPipeline) {}

  @Get(['/', '*'])
  async read(@Req() { raw }: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const board = await this.pipeline.board();
    if (!board) {
      throw new HttpError('QUEUE_UNAVAILABLE', 'The audit queue is not connected yet, or there is no audit log.');
    }
    const answer = await board.get(raw.url ?? '/');
    if (answer.statusCode >= 500) {
      throw new QueueUnavailableError('the board of the queue could not read it');
    }
    if (answer.statusCode >= 400) {
      throw new HttpError('ROUTE_NOT_FOUND', 'The board of the queue has no such page, queue or job.');
    }
    for (const [name, value] of Object.entries(answer.headers)) {
      void reply.header(name, value);
    }
    void reply.headers(PAGE_HEADERS).code(answer.statusCode).send(answer.rawPayload);
  }
}
