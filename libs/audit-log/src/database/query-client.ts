import type { ClientBase } from 'pg';

/** One connection, as far as statements are concerned. */
export type QueryClient = Pick<ClientBase, 'query'>;
