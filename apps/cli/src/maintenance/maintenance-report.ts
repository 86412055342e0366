import type { MaintenanceStatus, MaintenanceSwitchStatus } from './ask-maintenance.js';

/** Both switches for people. */
export function maintenanceReport({ active, worker_id, replica, all }: MaintenanceStatus): string {
  return [
    `maintenance  ${active ? 'on: what asks a model is refused' : 'off'}`,
    ...(all ? [`all          ${wordsOf(all)}${all.reachable ? '' : '  (as last known: Redis does not answer)'}`] : []),
    `replica      ${wordsOf(replica)}  (${worker_id})`,
  ].join('\n');
}

function wordsOf({ on, since, until, reason }: MaintenanceSwitchStatus): string {
  const details = [
    ...(since === undefined ? [] : [`since ${since}`]),
    ...(until === undefined ? [] : [`until ${until}`]),
    ...(reason === undefined ? [] : [`because of "${reason}"`]),
  ];
  return on ? ['on', ...details].join(', ') : 'off';
}
