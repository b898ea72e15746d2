import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { type NetConnectOpts, type Server, type Socket, connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ProxyServer } from '../../../src/cli/networks/proxy-server.ts';
import { GuestClosedError } from '../../../src/errors/index.ts';
import type { GuestAgent } from '../../../src/guest/agent/agent.ts';
import { serveSocket } from '../../../src/machine/running/socket-server.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { TestServer } from './server/server.ts';

/** Makes a listening socket of this process report that it cannot accept. */
async function failAt(address: NetConnectOpts): Promise<void> {
  const accepted = new Promise<Socket & { readonly server: Server }>((resolve) => {
    const take = (message: unknown): void => {
      unsubscribe('net.server.socket', take);
      resolve((message as { socket: Socket & { server: Server } }).socket);
    };
    subscribe('net.server.socket', take);
  });
  const client = connect(address);
  const { server } = await accepted;
  server.emit('error', new Error('accept ENOMEM'));
  client.destroy();
  await once(client, 'close');
}

it('vmlet ui ends when its socket fails', async () => {
  await using test = await TestServer.start();
  await failAt({ host: '127.0.0.1', port: test.server.port ?? NaN });
  await expect(test.server.idle).rejects.toThrow('accept ENOMEM');
});

it('vmlet proxy ends when its socket fails', async () => {
  await using proxy = await ProxyServer.start({
    user: 'user',
    port: undefined,
    idleMs: 60_000,
    onDefect: (error) => expect(error).toBeUndefined(),
  });
  await failAt({ host: '127.0.0.1', port: proxy.port });
  await expect(proxy.idle).rejects.toThrow('accept ENOMEM');
});

it('a forwarded socket serves the next client when it cannot accept one', async () => {
  const { path: directory, remove } = makeTemporaryDirectory();
  try {
    const path = join(directory, 'web.sock');
    const gone = { connect: async () => Promise.reject(new GuestClosedError('the guest has gone')) };
    const served = await serveSocket(gone as unknown as GuestAgent, { path, guestPort: 80 });
    await failAt({ path });
    const next = connect(path);
    await once(next.resume(), 'close');
    await served.close();
  } finally {
    remove();
  }
});
