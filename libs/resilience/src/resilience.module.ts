import { type DynamicModule, Module } from '@nestjs/common';
import { Policies, type PoliciesOptions } from './policy/policies.js';
import { CALL_BOUNDS, policyFamilyToken, policyToken, type CallBounds } from './policy/use-policy.decorator.js';

/** What the module is told besides its policies. */
export interface ResilienceModuleOptions {
  /** Finds deadline and signal of a request for `@UsePolicy`; default: it has neither. */
  boundsOf?: CallBounds;
}

/** Provides the named policies: inject one with `@InjectPolicy(name)`, or put `@UsePolicy(name)` on a handler. */
@Module({})
export class ResilienceModule {
  /** Takes policies ready made, where something needs them before Nest starts, or what to make them from. */
  static forRoot(
    from: Policies | PoliciesOptions,
    { boundsOf = () => ({}) }: ResilienceModuleOptions = {},
  ): DynamicModule {
    const policies = from instanceof Policies ? from : new Policies(from);
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
