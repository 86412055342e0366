import { IDENTIFIER, namedList } from '@app/ops';
import type { RateRule } from '@app/resilience';

const RULE = /^([^=]+)=(\d{1,9}):(\d{1,7})$/;
const EXPECTED =
  'a list of TENANT=PER_MINUTE:BURST such as "acme=6000:500,trial=60:10", each tenant once, both numbers at least 1';

/** Rate limits of single tenants, `tenant=perMinute:burst`, with commas between them. */
export function rateRules() {
  return namedList(EXPECTED, ruleOf).transform((rules): Record<string, RateRule> => Object.fromEntries(rules));
}

function ruleOf(entry: string): [string, RateRule] | undefined {
  const [, tenant = '', perMinute, burst] = RULE.exec(entry) ?? [];
  const rule = { perSecond: Number(perMinute) / 60, burst: Number(burst) };
  return IDENTIFIER.test(tenant) && rule.perSecond > 0 && rule.burst > 0 ? [tenant, rule] : undefined;
}
