import { z } from 'zod';

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
  return z.string().transform((list, context): NamedUrl[] => {
    const entries = list.split(',').map((entry) => parse(entry.trim()));
    const named = entries.filter((entry) => entry !== undefined);
    if (named.length < entries.length || new Set(named.map(({ name }) => name)).size < named.length) {
      context.addIssue({ code: 'custom', message: EXPECTED });
    } else if (named.some(({ name }) => taken.includes(name))) {
      context.addIssue({ code: 'custom', message: `a list of other names than ${taken.join(', ')}` });
    }
    return named;
  });
}

function parse(entry: string): NamedUrl | undefined {
  const [, name = '', address = ''] = ENTRY.exec(entry) ?? [];
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url && isUsable(url) ? { name, url } : undefined;
}

/** `fetch` takes no URL with a user or password, and quotes it. */
function isUsable({ protocol, port, username, password }: URL): boolean {
  return PROTOCOLS.includes(protocol) && (protocol !== 'tcp:' || port !== '') && username === '' && password === '';
}
