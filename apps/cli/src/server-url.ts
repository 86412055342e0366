/**
 * Reads where a server is.
 * @throws {Error} a sentence; it does not repeat what may hold a password
 */
export function serverUrl(written: string): URL {
  if (written.includes('@')) {
    throw new Error('the URL of a server has no user and no password: the key goes into ADMIN_API_KEY');
  }
  const url = URL.parse(written);
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new Error(`"${written}" is not a URL such as http://127.0.0.1:8000`);
  }
  return url;
}
