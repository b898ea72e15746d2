import { expect, it } from 'vitest';
import { passedAnswerHeaders, passedRequestHeaders } from '../../../../src/cli/networks/proxy-headers.ts';

it('drops the headers of this hop, the secret, and those that Connection names', () => {
  const raw = ['Host', 'web', 'Proxy-Authorization', 'Basic x', 'X-Own', '1', 'X-Other', '2'];
  const named = [
    'Connection',
    'keep-alive, x-OWN',
    'connection',
    'upgrade',
    'Upgrade',
    'websocket',
    'TE',
    'trailers',
  ];
  expect(passedRequestHeaders([...raw, ...named])).toEqual(['Host', 'web', 'X-Other', '2']);
  expect(passedAnswerHeaders(['X-Own', '1', 'Connection', 'x-own', 'Keep-Alive', 'timeout=5'])).toEqual([]);
});

it('keeps the length and the host, even if Connection names them', () => {
  const raw = ['Host', 'web', 'Content-Length', '5'];
  const named = ['Connection', 'content-length, Host, transfer-encoding'];
  expect(passedRequestHeaders([...raw, ...named])).toEqual(raw);
  expect(passedAnswerHeaders([...raw, ...named])).toEqual(raw);
});

it('keeps how the body of a request is sent, but not of an answer', () => {
  const raw = ['Transfer-Encoding', 'gzip, chunked'];
  expect(passedRequestHeaders([...raw, 'Connection', 'Transfer-Encoding'])).toEqual(raw);
  expect(passedAnswerHeaders(raw)).toEqual([]);
});
