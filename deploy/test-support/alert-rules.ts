import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

/** The folder of what Prometheus is given. */
export const PROMETHEUS_FOLDER = resolve(__dirname, '../prometheus');

/** A rule that raises an alert. */
export interface AlertRule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string; area: string };
  annotations: { summary: string; description: string; runbook: string };
}

/** A rule that keeps what an expression says as a series of its own. */
export interface RecordingRule {
  record: string;
  expr: string;
}

/** One case of a test of rules, as promtool takes it. */
export interface RuleTest {
  alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[];
}

/** The rules of all files, in the order in which they are written. */
export function readRules(): { alerts: AlertRule[]; recordings: RecordingRule[] } {
  const files = yamlFilesOf('rules').map((file) => readYaml(file) as { groups: { rules: object[] }[] });
  const rules = files.flatMap(({ groups }) => groups.flatMap((group) => group.rules));
  return {
    alerts: rules.filter((rule): rule is AlertRule => 'alert' in rule),
    recordings: rules.filter((rule): rule is RecordingRule => 'record' in rule),
  };
}

/** The cases of all files. */
export function readRuleTests(): RuleTest[] {
  return yamlFilesOf('tests').flatMap((file) => (readYaml(file, true) as { tests: RuleTest[] }).tests);
}

/** The files of a folder of Prometheus's. */
export function yamlFilesOf(folder: 'rules' | 'tests'): string[] {
  const path = join(PROMETHEUS_FOLDER, folder);
  return readdirSync(path).map((name) => join(path, name));
}

/** The sections of the runbook that an annotation may lead to: a template's branches are those texts that are not in braces. */
export function sectionsOf({ annotations: { runbook } }: AlertRule): string[] {
  const [page, section = ''] = runbook.split('#', 2);
  if (page !== 'docs/RUNBOOK.md') throw new Error(`${runbook} does not lead to docs/RUNBOOK.md.`);
  return section.split(/\{\{[^}]*\}\}/).filter((branch) => branch !== '');
}

function readYaml(file: string, merge = false): unknown {
  return parse(readFileSync(file, 'utf8'), { merge });
}
