import { Argument, Command, InvalidArgumentError } from 'commander';
import { BenchServer } from '../bench-server.js';
import { OUT_OPTION } from '../cli-options.js';
import { FALCON } from '../compare.js';
import { callersKey, callersSettings, unlessGiven } from '../config.js';
import { report, say } from '../reporting.js';
import { judgeLoadTest, progressLine, renderOutcome } from './load-test-report.js';
import { PROFILES, stretched, totalSeconds, usersAt, type Profile } from './profile.js';
import { VirtualUsers, type Outcome } from './virtual-users.js';

interface Options {
  url?: URL;
  duration?: number;
  out: string;
}

const PROGRESS_MS = 10_000;
/** What a server of the test's own is told: the users are one tenant to it. */
const OWN_SETTINGS = { RATE_LIMIT_ENABLED: 'false', AUDIT_DURABILITY: 'process', CACHE_ENABLED: 'true' };
const SECONDS = { s: 1, m: 60, h: 3600 };

/** `bench load-test`: users who ask a running server, or one of the test's own; exits with 1 when a limit is exceeded. */
export function loadTestCommand(): Command {
  const list = Object.entries(PROFILES).map(([name, { summary }]) => `${name}: ${summary}`);
  return new Command('load-test')
    .description(`users against a server; exits with 1 when a limit is exceeded\n\n${list.join('\n')}`)
    .addArgument(new Argument('<profile>').choices(Object.keys(PROFILES)))
    .option(
      '--url <url>',
      'of a running server, with API_KEY as its key if it wants one; else one is started',
      parseUrl,
    )
    .option('--duration <time>', 'such as 30s, 5m or 1h; the stages are stretched to it', parseDuration)
    .option(...OUT_OPTION)
    .action((name: string, options: Options) => loadTest(name, PROFILES[name]!, options));
}

function loadTest(name: string, { summary, limits, ...profile }: Profile, options: Options): Promise<void> {
  const { url, duration, out } = options;
  const stages = stretched(profile.stages, duration ?? totalSeconds(profile.stages));
  const settings = { server: url?.host ?? 'its own', ...(url ? {} : callersSettings()) };
  return report(`load-test-${name}`, { out }, settings, async () => {
    const outcome = await withServer(url, out, async (server) => {
      say(`${name}: ${summary}, here in ${Math.round(totalSeconds(stages))} s, against ${server.href}`);
      const headers = callersKey();
      const users = new VirtualUsers({ url: server, stages, seed: Date.now() % 1000, headers });
      const timer = setInterval(() => tell(users.outcome(), stages), PROGRESS_MS);
      return users.run().finally(() => clearInterval(timer));
    });
    const markdown = renderOutcome(`${name}: ${summary}`, outcome);
    return { found: { stages, outcome }, markdown, verdicts: judgeLoadTest(outcome, limits) };
  });
}

function tell(outcome: Outcome, stages: Profile['stages']): void {
  say(progressLine(outcome, usersAt(stages, outcome.seconds)));
}

/** Hands over a server that is ready. */
async function withServer<T>(url: URL | undefined, logFolder: string, use: (url: URL) => Promise<T>): Promise<T> {
  if (url) {
    await requireReady(url);
    return use(url);
  }
  const server = await BenchServer.start({ ...FALCON, env: unlessGiven(OWN_SETTINGS) }, logFolder);
  try {
    return await use(new URL(`http://127.0.0.1:${server.port}`));
  } finally {
    await server.stop();
  }
}

async function requireReady(url: URL): Promise<void> {
  const answer = await fetch(new URL('/readyz', url)).catch((error: Error) => error);
  if (answer instanceof Error) {
    throw new Error(`${url.href} does not answer (${(answer.cause as Error | undefined)?.message ?? answer.message})`);
  }
  // What is in front of a server may keep its probes from the outside.
  if (answer.status === 503) throw new Error(`${url.href} is not ready: falcon check-health says why`);
}

/** Reads where a server is; a password is not repeated. */
export function parseUrl(text: string): URL {
  if (text.includes('@')) throw new Error('It is a URL without user and password: the key goes into API_KEY.');
  const url = URL.parse(text);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InvalidArgumentError('It is a URL such as http://127.0.0.1:8000.');
  }
  return url;
}

/** Reads a time such as `30s`; a number alone means seconds. */
export function parseDuration(text: string): number {
  const [, digits, unit = 's'] = /^(\d{1,5})([smh]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * SECONDS[(unit || 's') as keyof typeof SECONDS];
  if (!(seconds > 0)) throw new InvalidArgumentError('It is a time such as 30s, 5m or 1h.');
  return seconds;
}
