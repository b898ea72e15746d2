import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/index.ts';
import { matchers } from '../../../src/testing/matchers.ts';

describe('toBeReachable with a URL', () => {
  // Like server-sent events: the body has no end.
  const server = createServer((_request, response) => response.writeHead(200).flushHeaders());
  let authority: string;

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    authority = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('passes as soon as the headers are there', async () => {
    const { pass, message } = await matchers.toBeReachable.call({}, `http://${authority}/events`);
    expect(pass, message()).toBe(true);
  });

  it.each(['localhost:', '127.0.0.1:', 'ftp://127.0.0.1:'])('rejects a URL like %s80', async (beginning) => {
    const port = authority.split(':').at(-1) ?? '';
    await expect(matchers.toBeReachable.call({}, `${beginning}${port}`)).rejects.toThrow(InvalidInputError);
  });
});
