import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { HttpError } from '../http-errors.js';
import { isFromThisMachine } from '../http/loopback.js';

/** Until there are admin keys, operators' routes are for people on this machine only. */
@Injectable()
export class LoopbackGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { raw } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!isFromThisMachine(raw)) {
      throw new HttpError('FORBIDDEN', 'This route answers only to requests made on the machine that Falcon runs on.');
    }
    return true;
  }
}
