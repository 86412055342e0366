import { announcement, openDoorWarning, urlOf } from './announce.js';
import { loadConfig } from './config.js';

describe('urlOf', () => {
  it.each([
    ['127.0.0.1', 'http://127.0.0.1:8000'],
    ['0.0.0.0', 'http://127.0.0.1:8000'],
    ['::', 'http://127.0.0.1:8000'],
    ['::1', 'http://[::1]:8000'],
    ['falcon.example', 'http://falcon.example:8000'],
  ])('of a server on %s is %s', (host, url) => {
    expect(urlOf(host, 8000)).toBe(url);
  });
});

describe('announcement', () => {
  it('says where the server is, how long its start took, and how to ask it', () => {
    const said = announcement(loadConfig({}), 'http://127.0.0.1:8100', 1234);
    expect(said).toContain('is ready in 1.23 s');
    expect(said).toContain('http://127.0.0.1:8100/docs');
    expect(said).toContain(
      `curl -s http://127.0.0.1:8100/infer -H 'Content-Type: application/json' -d '{"text":"What a wonderful day"}'`,
    );
  });

  it('asks with a key where one is needed', () => {
    const config = loadConfig({ AUTH_MODE: 'api-key', API_KEYS_FILE: 'keys.json' });
    expect(announcement(config, 'http://127.0.0.1:8100', 1)).toContain('/infer -H "X-API-Key: $API_KEY" -H');
  });
});

describe('openDoorWarning', () => {
  it('cannot be overlooked, and says what to do', () => {
    const said = openDoorWarning('0.0.0.0');
    const lines = said.trim().split('\n');
    expect(new Set(lines.map(({ length }) => length)).size).toBe(1);
    expect(lines[0]).toMatch(/^!{60,}$/);
    expect(said).toContain('WARNING: Falcon listens on 0.0.0.0 and AUTH_MODE is off.');
    expect(said).toContain('AUTH_MODE=api-key');
    expect(said).toContain('for a container, publish its port on 127.0.0.1');
  });
});
