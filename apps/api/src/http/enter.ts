import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gate } from '../gates/gates.js';

interface HookCall {
  request: FastifyRequest;
  reply: FastifyReply;
  done: (error?: Error) => void;
}

/** Lets a request through its gate; what that throws is answered like any other failure. */
export function enter(gate: Gate | undefined, { request, reply, done }: HookCall): void {
  try {
    const entering = gate?.(request, reply);
    if (entering instanceof Promise) {
      void enterLater(entering, done);
    } else {
      done();
    }
  } catch (error) {
    done(error as Error);
  }
}

async function enterLater(entering: Promise<void>, done: HookCall['done']): Promise<void> {
  try {
    await entering;
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}
