import type { Config } from './config.js';

/** What a person at a terminal is told once the server is ready: where it is, and a line to try it with. */
export function announcement(config: Config, url: string, startupMs: number): string {
  return [
    '',
    `  Falcon ${config.version} is ready in ${(startupMs / 1000).toFixed(2)} s`,
    `  API    ${url}`,
    `  Docs   ${url}/docs`,
    `  Try    curl -s ${url}/infer -H 'Content-Type: application/json' -d '{"text":"What a wonderful day"}'`,
    '',
    '',
  ].join('\n');
}

/** The address under which a client on this machine reaches a server that listens on `host`. */
export function urlOf(host: string, port: number): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
