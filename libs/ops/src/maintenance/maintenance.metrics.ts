import { Gauge, type Registry } from 'prom-client';
import type { MaintenanceMode } from './maintenance-mode.js';

/** Registers `maintenance_mode`. */
export function registerMaintenanceMetrics(registry: Registry, mode: MaintenanceMode): void {
  const gauge: Gauge<'scope'> = new Gauge({
    name: 'maintenance_mode',
    help: '1 while the switch of this process, or that of all replicas, is on.',
    labelNames: ['scope'],
    registers: [registry],
    collect() {
      gauge.set({ scope: 'replica' }, Number(mode.isOn('replica')));
      gauge.set({ scope: 'all' }, Number(mode.isOn('all')));
    },
  });
}
