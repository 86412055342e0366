import { type DynamicModule, Module } from '@nestjs/common';
import { Policies } from './policy/policies.js';
import { CALL_BOUNDS, policyFamilyToken, policyToken, type CallBounds } from './policy/use-policy.decorator.js';

/** Provides the named policies: inject one with `@InjectPolicy(name)`, or put `@UsePolicy(name)` on a handler. */
@Module({})
export class ResilienceModule {
  /** @param boundsOf finds deadline and signal of a request for `@UsePolicy` */
  static forRoot(policies: Policies, boundsOf: CallBounds): DynamicModule {
    const named = policies.all().map((policy) => ({ provide: policyToken(policy.name), useValue: policy }));
    const families = policies
      .families()
      .map((family) => ({ provide: policyFamilyToken(family.name), useValue: family }));
    const providers = [
      { provide: Policies, useValue: policies },
      { provide: CALL_BOUNDS, useValue: boundsOf },
      ...named,
      ...families,
    ];
    return { module: ResilienceModule, global: true, providers, exports: providers };
  }
}
