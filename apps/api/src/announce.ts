import type { Config } from './config.js';

/** What a person at a terminal is told once the server is ready: where it is, and a line to try it with. */
export function announcement(config: Config, url: string, startupMs: number): string {
  const key = config.access.mode === 'api-key' ? '-H "X-API-Key: $API_KEY" ' : '';
  return [
    '',
    `  Falcon ${config.version} is ready in ${(startupMs / 1000).toFixed(2)} s`,
    `  API    ${url}`,
    `  Docs   ${url}/docs`,
    `  Try    curl -s ${url}/infer ${key}-H 'Content-Type: application/json' -d '{"text":"What a wonderful day"}'`,
    '',
    '',
  ].join('\n');
}

/** What whoever starts the server must not overlook: everybody who reaches it may use it. */
export function openDoorWarning(host: string): string {
  const lines = [
    `WARNING: Falcon listens on ${host} and AUTH_MODE is off.`,
    '',
    'Whoever can reach it may ask its models, in the name of any tenant.',
    'Set AUTH_MODE=api-key and API_KEYS_FILE. Or let nobody reach it whom you do',
    'not trust: HOST=127.0.0.1; for a container, publish its port on 127.0.0.1.',
    'See docs/SECURITY.md.',
  ];
  const width = Math.max(...lines.map(({ length }) => length));
  const edge = '!'.repeat(width + 6);
  return ['', edge, ...lines.map((line) => `!! ${line.padEnd(width)} !!`), edge, '', ''].join('\n');
}

/** The address under which a client on this machine reaches a server that listens on `host`. */
export function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
