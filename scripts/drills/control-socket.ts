import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { VERBS, type Verb } from './stack.js';

/** What the runbook's words `svc`, `url`, `logs` and `sql` do here. */
export interface Controlled {
  readonly logFolder: string;
  control(verb: Verb, part: string): Promise<void>;
  urlOf(part: string): string;
  sql(statement: string): Promise<string>;
}

/** Programs of these names for scripts, which ask this process to do it. */
export class ControlSocket {
  private constructor(private readonly server: Server) {}

  /** Makes the programs in a folder that is to be put into the PATH of scripts. */
  static async open(folder: string, controlled: Controlled): Promise<ControlSocket> {
    const socket = join(folder, 'control');
    const server = createServer((incoming, outgoing) => {
      answer(incoming, controlled).then(
        (said) => outgoing.end(said),
        (error: unknown) => outgoing.writeHead(500).end(`${String(error)}\n`),
      );
    });
    await once(server.listen(socket), 'listening');
    const ask = `exec curl -fsS --unix-socket '${socket}'`;
    writeProgram(join(folder, 'svc'), `${ask} -X POST "http://drill/svc/$1/$2"`);
    writeProgram(join(folder, 'url'), `${ask} "http://drill/url/$1"`);
    writeProgram(join(folder, 'sql'), `${ask} --data-binary "$1" http://drill/sql`);
    writeProgram(join(folder, 'logs'), `exec tail -n 200 '${controlled.logFolder}'/"$1".log`);
    return new ControlSocket(server);
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }
}

async function answer(incoming: IncomingMessage, controlled: Controlled): Promise<string> {
  const [, what, first = '', second = ''] = (incoming.url ?? '').split('/');
  if (what === 'sql') return controlled.sql(await text(incoming));
  if (what === 'url') return `${controlled.urlOf(first)}\n`;
  const verb = VERBS.find((known) => known === first);
  if (what !== 'svc' || !verb) throw new Error(`There is no "${incoming.url}".`);
  await controlled.control(verb, second);
  return `${second}: ${verb} done\n`;
}

function writeProgram(file: string, command: string): void {
  writeFileSync(file, `#!/bin/sh\n${command}\n`);
  chmodSync(file, 0o755);
}
