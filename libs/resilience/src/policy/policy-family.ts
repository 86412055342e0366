import type { Policy } from './policy.js';
import type { PolicyOptions } from './policy.options.js';

/** Policies of one kind, one for each of a few members that must not suffer for each other, such as the models. */
export class PolicyFamily {
  private readonly members = new Map<string, Policy>();

  constructor(
    readonly name: string,
    readonly options: PolicyOptions,
    private readonly make: (name: string) => Policy,
  ) {}

  /** The policy of a member, made when it is first asked for: only call it with members that exist. */
  of(member: string): Policy {
    let policy = this.members.get(member);
    if (!policy) this.members.set(member, (policy = this.make(`${this.name}:${member}`)));
    return policy;
  }

  all(): Policy[] {
    return [...this.members.values()];
  }
}
