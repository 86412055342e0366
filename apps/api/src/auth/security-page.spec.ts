import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_DIR } from '../../../../scripts/test-support/program.js';

describe('docs/SECURITY.md', () => {
  const page = readFileSync(join(PROJECT_DIR, 'docs/SECURITY.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (.+?) +\| .+ \| (.*`.+`.*) \|$/gm)].map(
    ([, threat = '', tests = '']): [string, string[]] => [
      threat,
      [...tests.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name),
    ],
  );
  const specs = globSync('{apps,libs}/*/{src,test}/**/*spec.ts', { cwd: PROJECT_DIR });

  it('has a table of threats', () => {
    expect(rows.length).toBeGreaterThan(15);
  });

  it.each(rows)('names tests that are there for: %s', (_threat, tests) => {
    const missing = tests.filter((name) => !specs.some((file) => fits(file, name)));
    expect(tests.length).toBeGreaterThan(0);
    expect(missing).toEqual([]);
  });
});

/** `security/access` is `.../security/access.e2e-spec.ts`, `config.spec` is `.../config.spec.ts`. */
function fits(file: string, name: string): boolean {
  return file.endsWith(`/${name}.ts`) || file.endsWith(`/${name}.spec.ts`) || file.endsWith(`/${name}.e2e-spec.ts`);
}
