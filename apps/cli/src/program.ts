import { Command } from 'commander';
import { auditCommand } from './audit/audit.command.js';
import { checkHealthCommand } from './check-health/check-health.command.js';
import { defaultServerUrl, type CliConfig } from './config.js';
import { evaluateCommand } from './evaluate/evaluate.command.js';
import { keysCommand } from './keys/keys.command.js';
import { maintenanceCommand } from './maintenance/maintenance.command.js';
import { modelsCommand } from './models/models.command.js';
import { predictCommand } from './predict/predict.command.js';
import { trainCommand } from './train/train.command.js';

/** `falcon` with all of its commands. */
export function falconProgram(config: CliConfig): Command {
  const program = new Command('falcon')
    .description(
      'train, evaluate, check and ask the models that Falcon serves, see what was answered, and look after a running server',
    )
    .addCommand(trainCommand())
    .addCommand(evaluateCommand(config))
    .addCommand(modelsCommand(config))
    .addCommand(predictCommand(config))
    .addCommand(auditCommand())
    .addCommand(keysCommand(config.keysFile))
    .addCommand(maintenanceCommand(defaultServerUrl()))
    .addCommand(checkHealthCommand(defaultServerUrl()));
  for (const command of withCommands(program)) command.showHelpAfterError('(add --help for the options)');
  return program;
}

/** A command, those below it, and those below them: what is set on one goes for no other. */
export function withCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withCommands)];
}
