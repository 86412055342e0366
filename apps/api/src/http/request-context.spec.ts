import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { disconnectSignal } from './disconnect-signal.js';
import { requestContext } from './request-context.js';
import { requestIdOf } from './request-id.js';

const response = new EventEmitter() as ServerResponse;

function requestWith(headers: Record<string, string>): FastifyRequest {
  return { id: 'id-1', raw: { headers, socket: new EventEmitter() } } as unknown as FastifyRequest;
}

describe('requestContext', () => {
  it('gives a request as long as the server allows', () => {
    const { startedMs, deadlineMs, requestId } = requestContext(requestWith({}), response, 30_000);
    expect(deadlineMs - startedMs).toBeCloseTo(30_000, 6);
    expect(requestId).toBe('id-1');
  });

  it('gives it less when the caller asks for less', () => {
    const request = requestWith({ 'x-request-timeout-ms': '250' });
    const { startedMs, deadlineMs } = requestContext(request, response, 30_000);
    expect(deadlineMs - startedMs).toBeCloseTo(250, 6);
  });

  it.each(['', '0', '30001', '1e3', ' 5'])('refuses a timeout of %j', (value) => {
    const request = requestWith({ 'x-request-timeout-ms': value });
    expect(() => requestContext(request, response, 30_000)).toThrow('from 1 to 30000');
  });
});

describe('disconnectSignal', () => {
  it('is one signal per connection, aborted when it closes', () => {
    const socket = Object.assign(new EventEmitter(), { destroyed: false }) as Socket;
    const signal = disconnectSignal(socket);
    expect(disconnectSignal(socket)).toBe(signal);
    expect(signal.aborted).toBe(false);
    socket.emit('close');
    expect(signal.aborted).toBe(true);
  });

  it('is aborted already for a connection that is gone', () => {
    expect(disconnectSignal(Object.assign(new EventEmitter(), { destroyed: true }) as Socket).aborted).toBe(true);
  });
});

describe('requestIdOf', () => {
  it('takes over an id of letters, digits, dots, underscores, colons and dashes', () => {
    expect(requestIdOf({ headers: { 'x-request-id': 'A-z_0.9:1' } })).toBe('A-z_0.9:1');
  });

  it.each([undefined, '', 'a b', 'a\n', 'ä', 'x'.repeat(129)])('makes one instead of %j', (id) => {
    expect(requestIdOf({ headers: id === undefined ? {} : { 'x-request-id': id } })).toMatch(/^[0-9a-f-]{36}$/);
  });
});
