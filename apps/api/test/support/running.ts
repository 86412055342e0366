import { ApiContract, type OpenApiDocument } from './api-contract.js';
import { Client } from './client.js';
import { Falcon } from './falcon.js';

/** A server with a client that holds its answers against its own OpenAPI document. */
export interface Running {
  falcon: Falcon;
  client: Client;
}

/** Starts a server and reads its document. */
export async function startWithClient(env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const falcon = await Falcon.start(env);
  const { json } = await new Client(falcon.port).get('/openapi.json');
  return { falcon, client: new Client(falcon.port, new ApiContract(json as unknown as OpenApiDocument)) };
}

/** Ends both. */
export async function stop({ falcon, client }: Running): Promise<void> {
  client.close();
  await falcon.stop();
}
