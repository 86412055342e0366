import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { cutOff, meterResponse } from './exchange.js';

function responseOf(finished: boolean, statusCode = 200): ServerResponse {
  return Object.assign(new EventEmitter(), { writableFinished: finished, statusCode }) as unknown as ServerResponse;
}

function metered(response: ServerResponse): unknown[] {
  const events: unknown[] = [];
  meterResponse(response, {
    started: () => events.push('started'),
    finished: (status) => events.push(status),
  });
  return events;
}

describe('meterResponse', () => {
  it('counts a request that was answered under its status', () => {
    const response = responseOf(true, 404);
    const events = metered(response);
    response.emit('close');
    expect(events).toEqual(['started', 404]);
  });

  it('counts one whose client left as 499', () => {
    const response = responseOf(false);
    const events = metered(response);
    response.emit('close');
    expect(events).toEqual(['started', 499]);
  });

  it('counts one that the server cut off under the status it gave', () => {
    const response = responseOf(false);
    const events = metered(response);
    expect(cutOff(response, 408)).toBe(true);
    response.emit('close');
    expect(events).toEqual(['started', 408]);
  });
});
