import { namedList } from './environment.js';

const EXPECTED =
  'a list such as gateway=https://host/path,store=tcp://host:6379, each name once, of letters, digits, "_" and "-", and no URL with a user or password';
const ENTRY = /^([\w-]{1,64})=(\S+)$/;
const PROTOCOLS = ['http:', 'https:', 'tcp:'];

/** Something elsewhere, by name. */
export interface NamedUrl {
  name: string;
  url: URL;
}

/** A list of names and URLs: `name=url,name=url`; the names that are taken are refused. */
export function namedUrls(taken: readonly string[] = []) {
  return namedList(EXPECTED, parse)
    .refine((named) => named.every(([name]) => !taken.includes(name)), `a list of other names than ${taken.join(', ')}`)
    .transform((named) => named.map(([name, url]): NamedUrl => ({ name, url })));
}

function parse(entry: string): [string, URL] | undefined {
  const [, name = '', address = ''] = ENTRY.exec(entry) ?? [];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url && isUsable(url) ? [name, url] : undefined;
}

/** `fetch` takes no URL with a user or password, and quotes it. */
function isUsable({ protocol, port, username, password }: URL): boolean {
  return PROTOCOLS.includes(protocol) && (protocol !== 'tcp:' || port !== '') && username === '' && password === '';
}
