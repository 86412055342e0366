import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DRILLS } from './catalogue.js';
import { RunbookPage } from './runbook-page.js';

const RULES = resolve('deploy/prometheus/rules');
const page = RunbookPage.read(resolve('docs/RUNBOOK.md'));
const alerts = readdirSync(RULES).flatMap((file) =>
  [...readFileSync(join(RULES, file), 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name),
);

describe('the drills', () => {
  it.each(DRILLS)(
    '$name waits for an alert that there is, and has its remedy and verification in the runbook',
    (drill) => {
      expect(alerts).toContain(drill.alert);
      const chapter = page.chapters.find(({ anchor }) => anchor === drill.section);
      expect(chapter?.text).toContain(`\`\`\`bash drill=${drill.name}\n${page.tagged(`drill=${drill.name}`)}\n`);
      expect(chapter?.text).toContain(`\`${drill.alert}\``);
      expect(page.verification(drill.section)).not.toBe('');
    },
  );

  it('are all that the runbook has remedies for', () => {
    const tags = page.blocks().flatMap(({ tag }) => /^drill=(.+)$/.exec(tag)?.[1] ?? []);
    expect(tags.toSorted()).toEqual(DRILLS.map(({ name }) => name).toSorted());
  });
});

describe('the runbook', () => {
  it('has measured every drill', () => {
    const rows = page.chapters.at(-1)?.text.matchAll(/^\| `([\w-]+)` +\| `(\w+)` /gm) ?? [];
    expect([...rows].map(([, name, alert]) => [name, alert])).toEqual(DRILLS.map(({ name, alert }) => [name, alert]));
  });

  it('names every alert in the chapters of incidents, and no alert that is not there', () => {
    const lines = page.chapters.flatMap(({ text }) => /^\*\*Alerts\.\*\*[^]*?\n\n/m.exec(text)?.[0] ?? []);
    const named = lines.join('').matchAll(/`([A-Z]\w+)`/g);
    expect(new Set([...named].map(([, name]) => name))).toEqual(new Set(alerts));
  });
});
