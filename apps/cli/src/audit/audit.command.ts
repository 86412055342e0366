import { Command, InvalidArgumentError, Option } from 'commander';
import { parseInstant } from '../instant.js';
import { exitWithTrouble, orTrouble } from '../trouble.js';
import type { ExportOptions, TailCommandOptions, VerifyOptions } from './audit.options.js';

/** They are in memory all at once, to be shown oldest first. */
const MAX_LAST = 10_000;

/** `falcon audit status|tail|export|verify|migrate`: the record of what was asked and answered. */
export function auditCommand(): Command {
  const audit = new Command('audit')
    .description('what was asked and answered: the spools, the queue and the table of POSTGRES_URL or DATA_DIR')
    .exitOverride(exitWithTrouble);
  audit
    .command('status')
    .description('where the records are; exit code 2 when a part cannot be reached')
    .option('--json', 'print JSON')
    .action(act((actions, options: { json?: boolean }) => actions.showStatus(options)));
  audit
    .command('tail')
    .description('the last rows, and each new one as it comes, until Ctrl-C')
    .option('-n, --last <rows>', `rows to begin with, ${MAX_LAST} at most: export gives any number`, parseLast, 10)
    .option('--json', 'print a line of JSON a row')
    .action(act((actions, options: TailCommandOptions) => actions.followRows(options)));
  withRange(audit.command('export').description('the rows of a range by time, any number of them'))
    .addOption(new Option('--format <format>', 'lines of JSON, or CSV').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--out <file>', 'write to a file, which is there only when it is whole')
    .action(act((actions, options: ExportOptions) => actions.writeExport(options)));
  withRange(
    audit.command('verify').description('compare a client’s ledger with the table; exit code 1 when they differ'),
  )
    .argument('<ledger>', 'file with "request_id" or "request_id,batch_index" a line; -: standard input')
    .option('--exact', 'rows that the ledger does not have are differences, too')
    .option('--show <count>', 'differences to print', parseCount, 20)
    .option('--json', 'print JSON')
    .action((ledger: string, options: VerifyOptions) => act((actions) => actions.verifyLedger(ledger, options))());
  audit
    .command('migrate')
    .description('make the tables or bring them up to date')
    .action(act((actions) => actions.migrate()));
  return audit;
}

function withRange(command: Command): Command {
  return command
    .option('--from <instant>', 'rows from here on: 15m, 2h, 7d ago, 2026-11-20, 2026-11-20T10:15:00Z', (written) =>
      parseInstant(written),
    )
    .option('--to <instant>', 'rows before', (written) => parseInstant(written));
}

function parseCount(written: string): number {
  if (!/^\d{1,7}$/.test(written)) throw new InvalidArgumentError('A count is written in digits.');
  return Number(written);
}

function parseLast(written: string): number {
  const count = parseCount(written);
  if (count > MAX_LAST) throw new InvalidArgumentError(`It shows ${MAX_LAST} rows at most: export gives any number.`);
  return count;
}

type Actions = typeof import('./audit-actions.js');

/** The libraries behind the commands are loaded by the one that runs. */
function act<Options extends unknown[]>(run: (actions: Actions, ...options: Options) => Promise<number>) {
  return (...options: Options) => orTrouble(async () => run(await import('./audit-actions.js'), ...options));
}
