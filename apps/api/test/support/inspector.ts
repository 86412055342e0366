import { until } from '../../../../scripts/test-support/until.js';
import type { Falcon } from './falcon.js';

/** Makes a process listen for a debugger, on a port of its choice. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

interface Message {
  id?: number;
  method?: string;
  params?: { sessionId?: string };
}

/** Runs code inside a server as a debugger would: on the thread that serves, or on those that compute. */
export class Inspector {
  private readonly workers: string[] = [];
  private readonly answered = new Set<string>();
  private id = 0;

  private constructor(private readonly socket: WebSocket) {
    socket.addEventListener('message', ({ data }) => {
      const { method, params } = JSON.parse(String(data)) as Message;
      if (method === 'NodeWorker.attachedToWorker') this.workers.push(params?.sessionId ?? '');
      if (method === 'NodeWorker.receivedMessageFromWorker') this.answered.add(params?.sessionId ?? '');
    });
  }

  /** Attaches to a server started with INSPECTED. */
  static async attach(falcon: Falcon): Promise<Inspector> {
    const url = /Debugger listening on (ws:\S+)/.exec(falcon.stderr)?.[1];
    if (url === undefined) throw new Error('The server was not started with INSPECTED.');
    const socket = new WebSocket(url);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve());
      socket.addEventListener('error', () => reject(new Error(`No debugger at ${url}.`)));
    });
    const inspector = new Inspector(socket);
    inspector.send('NodeWorker.enable', { waitForDebuggerOnStart: false });
    await until(() => inspector.workers.length > 0);
    return inspector;
  }

  /** Has the serving thread run this as soon as it has nothing else to do. */
  onServingThread(statement: string): void {
    this.send('Runtime.evaluate', { expression: `setTimeout(() => { ${statement} })` });
  }

  /** Has every worker run this as soon as it has nothing else to do; resolves when they have taken it. */
  async onWorkers(statement: string): Promise<void> {
    const message = { id: 1, method: 'Runtime.evaluate', params: { expression: `setTimeout(() => { ${statement} })` } };
    for (const sessionId of this.workers) {
      // A worker that was attached to this moment does not hear yet.
      const isTaken = () => {
        if (this.answered.has(sessionId)) return true;
        this.send('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify(message) });
        return false;
      };
      await until(isTaken, { pollMs: 100 });
    }
    this.answered.clear();
  }

  close(): void {
    this.socket.close();
  }

  private send(method: string, params: object): void {
    this.socket.send(JSON.stringify({ id: ++this.id, method, params }));
  }
}
