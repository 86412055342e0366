import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfig } from './config.js';
import { falconProgram, withCommands } from './program.js';

const ROOT = resolve(__dirname, '../../..');
const PAGES = globSync(['README.md', 'docs/*.md'], { cwd: ROOT });

/** The lines of shell blocks that begin with `falcon`, whole, without comments, pipes, files and what other commands put in. */
function commandsOf(page: string): string[] {
  const blocks = readFileSync(resolve(ROOT, page), 'utf8').matchAll(/^```(?:sh|bash)\b.*\n([^]*?)^```/gm);
  return [...blocks].flatMap(([, block = '']) =>
    [...block.replaceAll(/\\\n/g, ' ').matchAll(/^falcon (.*)$/gm)].map(([, line = '']) =>
      line
        .replace(/\$\(.*\)/, 'SUBSTITUTED')
        .replace(/ [#|>].*/, '')
        .trim(),
    ),
  );
}

/** What the command line would be refused with. */
async function refusalOf(args: string[]): Promise<string> {
  const program = falconProgram(loadConfig({}));
  const said: string[] = [];
  for (const command of withCommands(program)) {
    command
      .exitOverride()
      .configureOutput({ writeErr: (text) => said.push(text) })
      .action(() => undefined);
  }
  await program.parseAsync(args, { from: 'user' }).catch((error: unknown) => said.push(String(error)));
  return said.join('');
}

describe('falcon', () => {
  const documented = PAGES.flatMap((page) => commandsOf(page).map((line) => [page, line] as const));

  it.each(documented)('%s: takes %j', async (_page, line) => {
    const words = [...line.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word.replaceAll(/^["']|["']$/g, ''));
    expect(await refusalOf(words)).toBe('');
  });

  it('is documented', () => expect(documented.length).toBeGreaterThan(20));

  it.each([['train'], ['keys', 'create', '--role', 'root'], ['nonesuch']])(
    'says where the options are when it is called wrongly: %s %s %s',
    async (...args) => expect(await refusalOf(args)).toContain('(add --help for the options)'),
  );
});
