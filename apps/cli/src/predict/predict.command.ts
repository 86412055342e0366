import { createInterface } from 'node:readline';
import { Command } from 'commander';
import type { InferenceService, TextClassification } from '@app/inference';
import type { CliConfig } from '../config.js';
import { parseModelName, requireModel, withService, type NamedModel } from '../model-service.js';

/** Texts in flight: enough to fill batches on every worker, few enough for constant memory. */
const MAX_IN_FLIGHT = 1024;

/** `falcon predict [texts...]`: one JSON object a line, in the order of the texts. */
export function predictCommand(config: CliConfig): Command {
  return new Command('predict')
    .description('classify texts given as arguments, or one a line on standard input; prints NDJSON')
    .argument('[texts...]', 'texts; none: standard input, a line each, empty lines skipped')
    .option('-m, --model <name[/version]>', 'model to ask', config.defaultModel)
    .option('--model-dir <folder>', 'folder of the models', config.modelDir)
    .action(async (texts: string[], options: { model: string; modelDir: string }) => {
      const named = parseModelName(options.model);
      await withService({ ...config, modelDir: options.modelDir }, named.model, async (service) => {
        const found = requireModel(service, named);
        if (found.task !== 'text-classification') throw new Error(`model "${named.model}" does not take texts`);
        await predictAll(service, named, texts.length > 0 ? texts : linesOf(process.stdin));
      });
    });
}

async function predictAll(
  service: InferenceService,
  model: NamedModel,
  texts: Iterable<string> | AsyncIterable<string>,
): Promise<void> {
  const inFlight: Promise<string>[] = [];
  for await (const text of texts) {
    inFlight.push(service.classify(text, model).then((answer) => toLine(text, answer)));
    if (inFlight.length >= MAX_IN_FLIGHT) await print(inFlight.splice(0, MAX_IN_FLIGHT / 2));
  }
  await print(inFlight);
}

async function print(answers: Promise<string>[]): Promise<void> {
  const lines = await Promise.all(answers);
  if (lines.length > 0 && !process.stdout.write(`${lines.join('\n')}\n`)) {
    await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}

function toLine(
  text: string,
  { model, version, prediction, confidence, labels, probabilities }: TextClassification,
): string {
  const byLabel = Object.fromEntries(labels.map((label, k) => [label, probabilities[k]]));
  return JSON.stringify({ text, prediction, confidence, probabilities: byLabel, model, model_version: version });
}

async function* linesOf(input: NodeJS.ReadableStream): AsyncIterable<string> {
  for await (const line of createInterface({ input, crlfDelay: Infinity })) if (line.trim() !== '') yield line;
}
