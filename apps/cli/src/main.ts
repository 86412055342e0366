#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { auditCommand } from './audit/audit.command.js';
import { checkHealthCommand } from './check-health/check-health.command.js';
import { defaultServerUrl, loadConfig } from './config.js';
import { evaluateCommand } from './evaluate/evaluate.command.js';
import { keysCommand } from './keys/keys.command.js';
import { maintenanceCommand } from './maintenance/maintenance.command.js';
import { modelsCommand } from './models/models.command.js';
import { predictCommand } from './predict/predict.command.js';
import { trainCommand } from './train/train.command.js';

const config = loadConfig();
const program = new Command('falcon')
  .description(
    'train, evaluate, check and ask the models that Falcon serves, see what was answered, and run the server',
  )
  .addCommand(trainCommand())
  .addCommand(evaluateCommand(config))
  .addCommand(modelsCommand(config))
  .addCommand(predictCommand(config))
  .addCommand(auditCommand())
  .addCommand(keysCommand(config.keysFile))
  .addCommand(maintenanceCommand(defaultServerUrl()))
  .addCommand(checkHealthCommand(defaultServerUrl()))
  .showHelpAfterError('(add --help for the options)');

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) process.exit(error.exitCode);
  console.error(`falcon: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
