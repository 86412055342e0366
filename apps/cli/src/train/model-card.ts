import { figuresTable, labelTable, markdownTable } from '../evaluate/figures-markdown.js';
import type { MemberSettings } from './recipe.js';
import type { TrainedTextModel } from './train-text-model.js';
import type { Provenance } from './provenance.js';
import type { VersionFiles } from './version-folder.js';

/** Labels that still make a readable table. */
const MOST_TABLE_LABELS = 20;

/** The model's card: what it is, from what, how made, how good, what it cannot do. */
export function writeModelCard(trained: TrainedTextModel, provenance: Provenance, files: VersionFiles): string {
  const { recipe } = provenance;
  const sections = [
    `# ${recipe.card.title}`,
    recipe.description,
    ...(recipe.licence === undefined ? [] : [`Licence: ${recipe.licence}`]),
    '## Data',
    ...recipe.card.data,
    dataTable(provenance),
    '## Procedure',
    procedure(trained, provenance),
    'The same figures, and the same bytes, come from this, with a version that does not exist yet in `--out`:',
    `\`\`\`sh\n${provenance.command}\n\`\`\``,
    '## Figures',
    'Of the quantised model, as it is served.',
    figuresTable(provenance.figures),
    ...perLabel(trained, provenance),
    ...(recipe.card.limits.length > 0 ? ['## Limits', recipe.card.limits.map((limit) => `- ${limit}`).join('\n')] : []),
    '## Files',
    fileTable(files),
  ];
  return `${sections.join('\n\n')}\n`;
}

function dataTable({ data }: Provenance): string {
  return markdownTable(
    ['role', 'file', 'rows', 'sha256'],
    Object.entries(data).map(([role, { name, rows, sha256 }]) => [role, name, String(rows), `\`${sha256}\``]),
  );
}

function procedure(
  { settings, features, decider, temperature, model }: TrainedTextModel,
  { recipe }: Provenance,
): string {
  const range = (name: string, of: { min: number; max: number } | null) =>
    of === null
      ? `no ${name} n-grams`
      : of.min === of.max
        ? `${name} n-grams of ${of.min}`
        : `${name} n-grams of ${of.min} to ${of.max}`;
  const polarity = settings.polarity === 'none' ? '' : `, words of known polarity (${settings.polarity})`;
  const lines = [
    `Features: ${range('word', settings.words)}, ${range('character', settings.characters)}${polarity}, TF-IDF weighted to unit ` +
      `length; the ${features.size} most frequent n-grams that are in at least ${recipe.vocabulary.minDocuments} training texts.`,
    ...recipe.members.map((member, index) => memberLine(member, index)),
    `Seed ${recipe.seed}; class weights: ${recipe.classWeights}; embeddings stored as ${model.branches[0]?.embedding.dtype}.`,
    `Probabilities are calibrated on the dev rows: logits are divided by ${temperature.toFixed(3)}, which is in the weights.`,
  ];
  const { outOfScope } = decider;
  if (outOfScope && recipe.outOfScope) {
    const points = (100 * recipe.outOfScope.maxAccuracyLoss).toFixed(1);
    lines.push(
      `A text whose likeliest label is below ${outOfScope.threshold} is \`${outOfScope.label}\`: the highest threshold that ` +
        `costs at most ${points} points of accuracy on the dev rows. Rows labelled \`${recipe.outOfScope.label}\` were trained ` +
        `towards all labels being equally likely, ${recipe.outOfScope.repeat} times each per epoch.`,
    );
  }
  return lines.map((line) => `- ${line}`).join('\n');
}

function memberLine(member: MemberSettings, index: number): string {
  const kind = member.hiddenUnits > 0 ? `one hidden layer of ${member.hiddenUnits} ReLU units` : 'linear';
  return (
    `Member ${index + 1}: ${kind}; Adagrad, ${member.epochs} epochs, batches of ${member.batchSize}, learning rate ` +
    `${member.learningRate} falling to 0, feature dropout ${member.featureDropout}, unit dropout ${member.unitDropout}, ` +
    `label smoothing ${member.labelSmoothing}, weight decay ${member.weightDecay}.`
  );
}

function perLabel({ decider }: TrainedTextModel, { figures }: Provenance): string[] {
  const judged = figures['test'] ?? figures['dev'];
  if (!judged || decider.labels.length > MOST_TABLE_LABELS) return [];
  return [`By label, on the ${figures['test'] ? 'test' : 'dev'} rows:`, labelTable(judged)];
}

function fileTable(files: VersionFiles): string {
  const rows = Object.entries(files).map(([name, content]) => [name, String(Buffer.byteLength(content))]);
  return markdownTable(['file', 'bytes'], rows);
}
