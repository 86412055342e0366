import type { Drill } from './drill.js';
import { AUDIT_DRILLS } from './audit-drills.js';
import { SERVER_DRILLS } from './server-drills.js';
import { SERVICE_DRILLS } from './service-drills.js';

/** All drills, as `make drill-list` shows them. */
export const DRILLS: readonly Drill[] = [...SERVER_DRILLS, ...SERVICE_DRILLS, ...AUDIT_DRILLS];

/** The drill of this name. */
export function drillOf(name: string): Drill {
  const found = DRILLS.find((drill) => drill.name === name);
  if (!found)
    throw new Error(`There is no drill "${name}": there are ${DRILLS.map((drill) => drill.name).join(', ')}.`);
  return found;
}
