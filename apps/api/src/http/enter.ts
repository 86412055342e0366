import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Gate } from '../gates/gates.js';

interface HookCall {
  request: FastifyRequest;
  reply: FastifyReply;
  done: (error?: Error) => void;
}

/** Lets a request through its gate; what that gives or throws is answered like any other failure. */
export function enter(gate: Gate | undefined, { request, reply, done }: HookCall): void {
  try {
    const entering = gate?.(request, reply);
    if (entering instanceof Promise) {
      void enterLater(entering, done);
    } else {
      done(entering);
    }
  } catch (error) {
    done(error as Error);
  }
}

async function enterLater(entering: Promise<Error | undefined>, done: HookCall['done']): Promise<void> {
  let refusal: Error | undefined;
  try {
    refusal = await entering;
  } catch (error) {
    refusal = error as Error;
  }
  done(refusal);
}
