import { Command, Option } from 'commander';
import { loadAdminKey } from '../config.js';
import { parseDeadline } from '../instant.js';
import { exitWithTrouble, orTrouble } from '../trouble.js';
import { askMaintenance, type MaintenanceChange } from './ask-maintenance.js';
import { maintenanceReport } from './maintenance-report.js';

interface Options {
  url: string;
  json?: boolean;
  all?: boolean;
  replica?: boolean;
  reason?: string;
  until?: Date;
}

/** `falcon maintenance on|off|status`: refuse what asks a model, for a while. */
export function maintenanceCommand(defaultUrl: string): Command {
  const maintenance = new Command('maintenance')
    .description('answer 503 to what asks a model, on one replica or on all')
    .exitOverride(exitWithTrouble);
  const act = (on?: boolean) => (options: Options) =>
    orTrouble(async () => {
      const status = await askMaintenance(
        { url: options.url, adminApiKey: loadAdminKey() },
        on === undefined ? undefined : change(on, options),
      );
      console.log(options.json ? JSON.stringify(status, null, 2) : maintenanceReport(status));
      return 0;
    });
  const command = (name: string, description: string) =>
    maintenance
      .command(name)
      .description(description)
      .option('--url <url>', 'where a server is; ADMIN_API_KEY is its key, if it has one', defaultUrl)
      .option('--json', 'print JSON');
  const withScope = (switching: Command) =>
    switching
      .addOption(
        new Option('--all', 'all replicas with the same REDIS_URL (the default where there is one)').conflicts(
          'replica',
        ),
      )
      .option('--replica', 'only the server that is asked');
  withScope(command('on', 'turn it on'))
    .option('--reason <words>', 'why, for other operators')
    .option('--until <instant>', 'when it ends by itself: 30m, 2h, 2026-11-20T10:15:00Z', (written) =>
      parseDeadline(written),
    )
    .action(act(true));
  withScope(command('off', 'turn it off')).action(act(false));
  command('status', 'show how it stands').action(act());
  return maintenance;
}

function change(on: boolean, { all, replica, reason, until }: Options): MaintenanceChange {
  return {
    on,
    ...((all || replica) && { scope: all ? 'all' : 'replica' }),
    ...(reason !== undefined && { reason }),
    ...(until && { until: until.toISOString() }),
  };
}
