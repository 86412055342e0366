// Turns data_full.json of CLINC150 (github.com/clinc/oos-eval) into train.jsonl, dev.jsonl and test.jsonl, the form that
// `falcon train` and `falcon evaluate` read. Queries outside of all intents keep the label "oos".
//   node scripts/clinc150-to-jsonl.mjs <data_full.json> <folder to write to>
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [source, folder] = process.argv.slice(2);
if (!source || !folder) throw new Error('usage: node scripts/clinc150-to-jsonl.mjs <data_full.json> <folder>');
const data = JSON.parse(readFileSync(source, 'utf8'));
mkdirSync(folder, { recursive: true });
for (const [file, parts] of Object.entries({
  train: ['train', 'oos_train'],
  dev: ['val', 'oos_val'],
  test: ['test', 'oos_test'],
})) {
  const lines = parts.flatMap((part) => data[part]).map(([text, label]) => `${JSON.stringify({ text, label })}\n`);
  writeFileSync(join(folder, `${file}.jsonl`), lines.join(''));
}
