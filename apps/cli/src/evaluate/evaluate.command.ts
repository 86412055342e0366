import type { InferenceService } from '@app/inference';
import { Command, Option } from 'commander';
import type { CliConfig } from '../config.js';
import { MAX_IN_FLIGHT, type NamedModel, parseModelName, requireModel, withService } from '../model-service.js';
import { type LabelledRow, readLabelledRows } from '../rows/labelled-rows.js';
import { figuresReport } from './figures-report.js';
import { judgeAnswer } from './judge-rows.js';
import { computeFigures, type Figures, type Judged } from './metrics.js';

interface EvaluateOptions {
  model: string;
  modelDir: string;
  format: 'table' | 'json';
  textColumn: string;
  labelColumn: string;
}

/** `falcon evaluate`: how good a model version is on rows of text and label, asked the way the server asks it. */
export function evaluateCommand(config: CliConfig): Command {
  return new Command('evaluate')
    .description('judge a model version on rows of text and label: accuracy, recall, calibration, confusion')
    .argument('<file>', 'rows: .jsonl, .csv or .tsv; labels that the model does not have are out of scope')
    .option('-m, --model <name[/version]>', 'model to judge', config.defaultModel)
    .option('--model-dir <folder>', 'folder of the models', config.modelDir)
    .addOption(new Option('--format <format>', 'form of the report').choices(['table', 'json']).default('table'))
    .option('--text-column <name>', 'column or member that holds the text', 'text')
    .option('--label-column <name>', 'column or member that holds the label', 'label')
    .action(async (file: string, options: EvaluateOptions) => {
      const { rows } = readLabelledRows(file, { text: options.textColumn, label: options.labelColumn });
      const named = parseModelName(options.model);
      const figures = await withService({ ...config, modelDir: options.modelDir }, named.model, (service) =>
        evaluate(service, named, rows),
      );
      console.log(options.format === 'json' ? JSON.stringify(figures, null, 2) : figuresReport(figures));
    });
}

/** Asks a model about every row and compares. @throws {Error} a sentence, when the model cannot answer. */
export async function evaluate(
  service: InferenceService,
  named: NamedModel,
  rows: readonly LabelledRow[],
): Promise<Figures> {
  requireModel(service, named);
  const judged: Judged[] = [];
  const labels = new Set<string>();
  const refusals = new Set<string>();
  for (let from = 0; from < rows.length; from += MAX_IN_FLIGHT) {
    const part = rows.slice(from, from + MAX_IN_FLIGHT);
    const answers = await Promise.all(part.map(({ text }) => service.classify(text, named)));
    answers.forEach((answer, k) => {
      judged.push(judgeAnswer(part[k]!, answer));
      for (const label of answer.labels) labels.add(label);
      if (!answer.labels.includes(answer.prediction)) refusals.add(answer.prediction);
    });
  }
  return computeFigures(judged, [...labels], [...refusals][0]);
}
