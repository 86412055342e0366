// Prints the rules of deploy/prometheus/rules as PrometheusRules, which is how the Prometheus Operator takes them.
// Usage: npm run k8s:rules, after a rule has changed
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../deploy/prometheus/rules');
const HEADER = '# Made from deploy/prometheus/rules by "npm run k8s:rules": change the rules there.\n';

const resources = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yml'))
  .toSorted()
  .map((file) => {
    const rules = readFileSync(join(FOLDER, file), 'utf8');
    const indented = rules.replace(/^---\n/, '').replace(/^(?=.)/gm, '  ');
    const name = `falcon-${file.replace('.yml', '')}`;
    return `apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: ${name}\nspec:\n${indented}`;
  });
process.stdout.write(HEADER + resources.join('---\n'));
