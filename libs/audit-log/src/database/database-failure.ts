/** Where a Postgres is, as messages name it: never with its password. */
export interface DatabasePlace {
  host: string;
  port: number;
  user: string;
  database: string;
}

/** What an error speaks of: the database and the way to it, the row at hand, or neither: then it is ours. */
export type FailureKind = 'unavailable' | 'row' | 'ours';

/** Classes of SQLSTATE that speak of the values, and single codes that do. */
const ROW_CLASSES = new Set(['21', '22', '23']);
const ROW_CODES = new Set(['42804', '42846', '54000']); // a wrong type, no cast, a value too long for an index

/** Classes that speak of the server: its connections, its resources, its being stopped. */
const SERVER_CLASSES = new Set(['08', '53', '57']);
const STATEMENT_TIMEOUT = '57014';
const OVERLAP = '42P17';
const READ_ONLY = '25006';
/** Also a lock that was not to be had in time, a conflict and a deadlock. */
const ONE_STATEMENT = new Set([STATEMENT_TIMEOUT, '55P03', '40001', '40P01']);

/** The SQLSTATE of an error that Postgres answered with; errors of the connection have none. */
export function sqlStateOf(error: unknown): string | undefined {
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === 'string' && code.length === 5 && severity !== undefined ? code : undefined;
}

/** Whose failure an error is. What Postgres says and is not known to be the row's is the database's. */
export function failureKind(error: unknown): FailureKind {
  const state = sqlStateOf(error);
  if (state === undefined) return isOfConnection(error) ? 'unavailable' : 'ours';
  return ROW_CLASSES.has(state.slice(0, 2)) || ROW_CODES.has(state) ? 'row' : 'unavailable';
}

/** Whether Postgres is well and will not do this: asking again is of no use before somebody has put something right. */
export function isRefusal(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && !isOfOneStatement(error) && !SERVER_CLASSES.has(state.slice(0, 2));
}

/** Whether one statement had to give way to others: it may well succeed when it is tried again. */
export function isOfOneStatement(error: unknown): boolean {
  return ONE_STATEMENT.has(sqlStateOf(error) ?? '');
}

/** Whether a partition cannot be made because another one, or what is left of it, has rows of that month. */
export function isOverlap(error: unknown): boolean {
  return sqlStateOf(error) === OVERLAP;
}

/** Whether Postgres takes no writes, as a replica: another may have taken over from it. */
export function isReadOnly(error: unknown): boolean {
  return sqlStateOf(error) === READ_ONLY;
}

/** Whether Postgres, or the way to it, took too long. */
export function isTimeout(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === undefined ? error instanceof Error && /timeout/i.test(error.message) : state === STATEMENT_TIMEOUT;
}

/** What `pg` says of connections that end or do not come about; it has no codes for that. */
const CONNECTION_WORDS = /timeout|connection terminated|not queryable|calling end on the pool/i;

function isOfConnection(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return /^E[A-Z_]{3,}$/.test(code) ? !code.startsWith('ERR_') : CONNECTION_WORDS.test(message);
}

const BY_STATE: Record<string, (place: DatabasePlace, said: string) => string> = {
  '28P01': ({ user }) => `the password of user "${user}" is wrong: correct POSTGRES_URL`,
  '28000': ({ user }, said) =>
    `user "${user}" is not let in (${said}): create the user or correct pg_hba.conf and POSTGRES_URL`,
  '3D000': ({ database }) => `there is no database "${database}": create it or correct POSTGRES_URL`,
  '42501': ({ user, database }, said) =>
    `user "${user}" lacks a permission (${said}): GRANT CREATE, USAGE ON SCHEMA public TO "${user}" in database "${database}", ` +
    'and let it own the tables',
  '42P01': () => 'a table is missing: run "falcon audit migrate"',
  '42703': () => 'the table lacks a column: run "falcon audit migrate"',
  [OVERLAP]: (_, said) =>
    `${said}: finish its DETACH, or make a partition for the rest of the month; records of that month wait`,
  '53100': () => 'the disk of Postgres is full',
  '53300': () => 'Postgres has no connection left: raise its max_connections or lower POSTGRES_POOL_SIZE',
  [READ_ONLY]: () => 'this Postgres is read-only: POSTGRES_URL must name the primary',
  '55P03': () => 'the table is in use by somebody who lets nobody else change it (lock timeout)',
  '57014': () => 'a statement took longer than POSTGRES_OPERATION_TIMEOUT_SECONDS',
  '57P01': () => 'Postgres is shutting down',
  '57P03': () => 'Postgres is starting up or shutting down',
};

const BY_ERRNO: typeof BY_STATE = {
  ECONNREFUSED: () => 'nothing listens there: is Postgres running?',
  ENOENT: () => 'there is no such socket: is Postgres running?',
  ENOTFOUND: ({ host }) => `the host "${host}" is not known: correct POSTGRES_URL`,
  EAI_AGAIN: ({ host }) => `the host "${host}" cannot be looked up at present`,
  EHOSTUNREACH: () => 'the host cannot be reached',
  ENETUNREACH: () => 'the network cannot be reached',
  ETIMEDOUT: () => 'the host does not answer',
  ECONNRESET: () => 'the connection was cut',
};

/** A sentence for operators: which Postgres, what is wrong, what to do. */
export function describeFailure(error: unknown, place: DatabasePlace): string {
  const { host, port, database } = place;
  const where = host.startsWith('/') ? `Postgres at ${host}` : `Postgres at ${host}:${port}/${database}`;
  return `${where}: ${reasonOf(error, place)}`;
}

function reasonOf(error: unknown, place: DatabasePlace): string {
  const { code, message, errors } = error as { code?: string; message: string; errors?: unknown[] };
  const inner = errors?.[0]; // one attempt per address of the host
  if (inner !== undefined) return reasonOf(inner, place);
  const known = BY_STATE[sqlStateOf(error) ?? ''] ?? BY_ERRNO[code ?? ''];
  if (known) return known(place, message);
  if (/timeout/i.test(message)) return 'it does not answer in time';
  if (CONNECTION_WORDS.test(message)) return 'the connection was cut';
  const state = sqlStateOf(error);
  return state === undefined ? message : `${message} (${state})`;
}
