import type { Provider } from '@nestjs/common';
import { makeGaugeProvider } from '@willsoto/nestjs-prometheus';

/** What a scrape is told of the service itself. */
export interface ServiceIdentity {
  appName: string;
  version: string;
}

/** Providers of `app_info` and `memory_usage_bytes`. */
export function serviceMetricProviders({ appName, version }: ServiceIdentity): Provider[] {
  return [
    makeGaugeProvider({
      name: 'app_info',
      help: 'Always 1; its labels say what runs.',
      labelNames: ['app_name', 'version'],
      collect() {
        this.set({ app_name: appName, version }, 1);
      },
    }),
    makeGaugeProvider({
      name: 'memory_usage_bytes',
      help: 'Resident memory of the process, its threads included.',
      collect() {
        this.set(process.memoryUsage.rss());
      },
    }),
  ];
}
