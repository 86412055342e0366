import {
  applyDecorators,
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type Type,
  UseInterceptors,
} from '@nestjs/common';
import { defer, from, lastValueFrom, type Observable } from 'rxjs';
import type { PolicyCall } from './policy.options.js';
import { Policies } from './policies.js';

/** The token that the policy of this name is injected by. */
export function policyToken(name: string): string {
  return `policy:${name}`;
}

/** Injects the policy of this name: `constructor(@InjectPolicy('model') private readonly model: Policy)`. */
export function InjectPolicy(name: string): ParameterDecorator {
  return Inject(policyToken(name));
}

/** The token that the family of this name is injected by. */
export function policyFamilyToken(name: string): string {
  return `policies:${name}`;
}

/** Injects the family of this name: `constructor(@InjectPolicyFamily('model') private readonly models: PolicyFamily)`. */
export function InjectPolicyFamily(name: string): ParameterDecorator {
  return Inject(policyFamilyToken(name));
}

/** Token of what tells the interceptors which deadline and signal a request has. */
export const CALL_BOUNDS = Symbol('bounds of a call');

/** Finds deadline and signal of the request that a handler is to answer. */
export type CallBounds = (context: ExecutionContext) => PolicyCall<unknown>;

/**
 * Runs a handler, or all handlers of a controller, under the policy of this name. An interceptor costs some 20 us of
 * rxjs a request: where that counts, inject the policy and call it.
 */
export function UsePolicy(name: string): ClassDecorator & MethodDecorator {
  return applyDecorators(UseInterceptors(policyInterceptor(name)));
}

function policyInterceptor(name: string): Type<NestInterceptor> {
  @Injectable()
  class PolicyInterceptor implements NestInterceptor {
    constructor(
      @Inject(Policies) private readonly policies: Policies,
      @Inject(CALL_BOUNDS) private readonly boundsOf: CallBounds,
    ) {}

    intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
      const policy = this.policies.get(name);
      const handle = (): Promise<unknown> => lastValueFrom(next.handle(), { defaultValue: undefined });
      return defer(() => from(policy.execute(handle, this.boundsOf(context))));
    }
  }
  return PolicyInterceptor;
}
