import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { Command } from 'commander';
import type { TextClassification } from '@app/inference';
import type { CliConfig } from '../config.js';
import { MAX_IN_FLIGHT, parseModelName, requireModel, withService } from '../model-service.js';
import { toStdout } from '../to-stdout.js';

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
        const given = texts.length > 0 ? texts : linesOf(process.stdin);
        await toStdout(answersTo(given, (text) => service.classify(text, named)));
      });
      process.stdin.destroy(); // nobody reads on, and another line may never come
    });
}

/** A line for each text, as soon as it and all before it are there; those before a failure come before it. */
export function answersTo(
  texts: Iterable<string> | AsyncIterable<string>,
  classify: (text: string) => Promise<TextClassification>,
): Readable {
  const answer = async (text: string) => `${toLine(text, await classify(text))}\n`;
  return Readable.from(texts).map(answer, { concurrency: MAX_IN_FLIGHT });
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
