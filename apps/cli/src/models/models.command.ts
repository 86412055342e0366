import { Command } from 'commander';
import type { ModelStatus } from '@app/inference';
import type { CliConfig } from '../config.js';
import { parseModelName, withService } from '../model-service.js';

interface ModelsOptions {
  modelDir: string;
  json?: boolean;
}

/** `falcon models list|inspect|check`: what the server would say of the models in a folder. */
export function modelsCommand(config: CliConfig): Command {
  const models = new Command('models').description('look at the models of a folder as the server sees them');
  const withOptions = (command: Command) =>
    command.option('--model-dir <folder>', 'folder of the models', config.modelDir).option('--json', 'print JSON');
  withOptions(models.command('list').description('every version, whether it serves, and why not')).action(
    async (options: ModelsOptions) => print(await statusOf(config, options), options, summary),
  );
  withOptions(models.command('inspect').description('signature, labels, sizes of one model'))
    .argument('<name[/version]>')
    .action(async (name: string, options: ModelsOptions) => print(await statusOf(config, options, name), options, detail));
  withOptions(models.command('check').description('load, verify and warm; exit code 1 when a version is refused'))
    .argument('[name[/version]]', 'one model; none: all of them')
    .action(async (name: string | undefined, options: ModelsOptions) => {
      const found = await statusOf(config, options, name);
      print(found, options, verdict);
      if (found.some(({ state }) => state === 'refused')) process.exitCode = 1;
    });
  return models;
}

async function statusOf(config: CliConfig, { modelDir }: ModelsOptions, name?: string): Promise<ModelStatus[]> {
  const named = name === undefined ? undefined : parseModelName(name);
  const all = await withService({ ...config, modelDir, workers: 1 }, named?.model, async (service) => service.models());
  const found = all.filter(({ version }) => named?.version === undefined || version === named.version);
  if (found.length === 0) throw new Error(name === undefined ? `no model in "${modelDir}"` : `no model "${name}" in "${modelDir}"`);
  return found;
}

function print(found: ModelStatus[], { json }: ModelsOptions, show: (status: ModelStatus) => string): void {
  console.log(json ? JSON.stringify(found, null, 2) : found.map(show).join('\n'));
}

function summary({ name, version, state, serving, task, backend, reason }: ModelStatus): string {
  const key = `${name}/${version}`.padEnd(24);
  return reason === undefined
    ? `${key} ${state}${serving ? ', serving' : ''}  ${task} on ${backend}`
    : `${key} ${state}: ${reason}`;
}

function detail(status: ModelStatus): string {
  const { labels, signature, weightBytes, loadSeconds } = status;
  const tensors = (specs: NonNullable<ModelStatus['signature']>['inputs']) =>
    specs.map(({ name, dtype, shape }) => `${name} ${dtype}[${shape.map((size) => size ?? '?').join(', ')}]`).join('; ');
  const lines = [
    summary(status),
    labels && `  labels   ${labels.length <= 10 ? labels.join(', ') : `${labels.length}: ${labels.slice(0, 10).join(', ')}, ...`}`,
    signature && `  inputs   ${tensors(signature.inputs)}`,
    signature && `  outputs  ${tensors(signature.outputs)}`,
    weightBytes !== undefined && `  weights  ${(weightBytes / 1e6).toFixed(2)} MB in memory`,
    loadSeconds !== undefined && `  load     ${(loadSeconds * 1000).toFixed(0)} ms`,
  ];
  return lines.filter(Boolean).join('\n');
}

function verdict({ name, version, state, reason }: ModelStatus): string {
  return `${state === 'ready' ? 'ok     ' : 'REFUSED'} ${name}/${version}${reason === undefined ? '' : `: ${reason}`}`;
}
