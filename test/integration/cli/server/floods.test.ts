import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { until } from '../../../until.ts';
import { TestServer, upgradeStatus } from './server.ts';

async function opened(socket: WebSocket): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Resources that a client may leave in the server’s process. */
function resources(): { readonly sockets: number; readonly timers: number; readonly watches: number } {
  const kinds = process.getActiveResourcesInfo();
  const files = readdirSync('/proc/self/fdinfo').map((name) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${name}`, 'utf8');
    } catch {
      // The descriptor of the listing itself.
      return '';
    }
  });
  return {
    sockets: kinds.filter((kind) => kind === 'TCPSocketWrap').length,
    timers: kinds.filter((kind) => kind === 'Timeout').length,
    watches: files.join('').match(/^inotify wd/gm)?.length ?? 0,
  };
}

/** Waits until there are no more than before. */
async function released(before: ReturnType<typeof resources>): Promise<void> {
  await until(() => {
    const now = resources();
    return now.sockets <= before.sockets && now.timers <= before.timers && now.watches <= before.watches;
  });
}

/** Sends raw bytes, and returns the answer once the server has disconnected. */
async function raw(served: TestServer, ...pieces: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const connection = connect(served.server.port ?? 0, '127.0.0.1');
    let answer = '';
    connection.setEncoding('latin1').on('data', (text: string) => (answer += text));
    connection.on('error', () => undefined);
    connection.once('close', () => resolve(answer));
    for (const piece of pieces) connection.write(piece);
  });
}

describe('slow and flooding clients', () => {
  it('leave nothing when they drop 100 WebSockets', async () => {
    await using served = await TestServer.start();
    mkdirSync(join(served.directory, 'data/vmlet/machines/web'), { recursive: true });
    const before = resources();
    const sockets = await Promise.all(
      Array.from({ length: 100 }, async () => opened(served.connect('/v1/events?stats=*'))),
    );
    expect(served.server.connections).toBe(100);
    // The folder of machines, and that of the one machine, for all clients.
    expect(resources().watches - before.watches).toBe(2);
    for (const socket of sockets) socket.terminate();
    await until(() => served.server.connections === 0);
    await released(before);
    expect(served.defects).toEqual([]);
  });

  it('leave nothing of requests that they pipelined', async () => {
    await using served = await TestServer.start();
    mkdirSync(join(served.directory, 'data/vmlet/machines/web'), { recursive: true });
    const before = resources();
    const connection = connect(served.server.port ?? 0, '127.0.0.1');
    const request = `GET /v1/events HTTP/1.1\r\nHost: ${served.host}\r\nAuthorization: ${String(served.bearer['authorization'])}\r\n\r\n`;
    let answer = '';
    connection.setEncoding('latin1').on('data', (text: string) => (answer += text));
    connection.write(request.repeat(20));
    await until(() => answer.includes('event: machines'));
    connection.destroy();
    await until(() => served.server.connections === 0);
    await released(before);
  });

  it('can open at most 256 WebSockets', async () => {
    await using served = await TestServer.start();
    const sockets = await Promise.all(
      Array.from({ length: 256 }, async () => opened(served.connect('/v1/events'))),
    );
    expect(await upgradeStatus(served.connect('/v1/events'))).toBe(503);
    for (const socket of sockets) socket.terminate();
    await until(() => served.server.connections === 0);
    expect(await upgradeStatus(served.connect('/v1/events'))).toBe(101);
  });

  it('can send messages of at most a megabyte', async () => {
    await using served = await TestServer.start();
    const socket = await opened(served.connect('/v1/events'));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send(Buffer.alloc(2 * 1024 * 1024));
    expect(await closed).toBeOneOf([1006, 1009]);
  });

  it('can send bodies of at most a megabyte, and are disconnected', async () => {
    await using served = await TestServer.start();
    const head =
      `POST /v1/machines/web/kill HTTP/1.1\r\nHost: ${served.host}\r\n` +
      `Authorization: ${String(served.bearer['authorization'])}\r\nContent-Type: application/json\r\n` +
      'Content-Length: 100000000\r\n\r\n';
    expect(await raw(served, head, 'x'.repeat(1_100_000))).toMatch(/^HTTP\/1\.1 413 /);
    // Without credentials nothing is read.
    const refused = head.replace(/Authorization.*\r\n/, '');
    expect(await raw(served, refused, 'x'.repeat(1000))).toMatch(/^HTTP\/1\.1 403 /);
  });

  it.concurrent('must send headers and bodies within ten seconds', async () => {
    await using served = await TestServer.start();
    const begun = 'POST /v1/session/token HTTP/1.1\r\n';
    const headers = `Host: ${served.host}\r\nAuthorization: ${String(served.bearer['authorization'])}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n`;
    const [slowHeaders, slowBody] = await Promise.all([raw(served, begun), raw(served, begun, headers, '{')]);
    expect(slowHeaders).toMatch(/^HTTP\/1\.1 408 /);
    expect(slowBody).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('do not prevent a server from ending', async () => {
    const before = resources();
    const served = await TestServer.start();
    const socket = await opened(served.connect('/v1/events'));
    const stream = served.ask('/v1/events', { headers: served.bearer }).catch(() => undefined);
    const idle = raw(served, `GET / HTTP/1.1\r\n`);
    await until(() => served.server.connections === 3);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await served[Symbol.asyncDispose]();
    await Promise.all([closed, stream, idle]);
    await until(() => served.server.connections === 0);
    await released(before);
  });
});

/** An image of a catalogue that is at this address. */
function entryAt(url: string): object {
  return {
    description: 'never arrives',
    firmware: 'bios',
    provisioner: 'none',
    format: 'raw',
    architectures: { x86_64: 'amd64' },
    url,
  };
}

describe('operations', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('are at most 64 at a time', async () => {
    await using served = await TestServer.start();
    // It accepts connections, and answers nothing. A pull asks four times and waits half a minute for each answer, in all
    // longer than this test may take: no operation ends by itself.
    const silent = createServer().listen(0, '127.0.0.1');
    const connections = new Set<Socket>();
    silent.on('connection', (connection) => connections.add(connection.on('error', () => undefined)));
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const config = join(served.directory, 'config');
    mkdirSync(join(config, 'vmlet'), { recursive: true });
    const images = Array.from({ length: 65 }, (_, at) => [
      `silent:${at}`,
      entryAt(`http://127.0.0.1:${port}/${at}.raw`),
    ]);
    writeFileSync(
      join(config, 'vmlet/images.yaml'),
      JSON.stringify({ images: Object.fromEntries(images) as object }),
    );
    vi.stubEnv('XDG_CONFIG_HOME', config);
    vi.stubEnv('XDG_DATA_HOME', join(served.directory, 'data'));
    vi.stubEnv('XDG_CACHE_HOME', join(served.directory, 'cache'));
    const pull = async (at: number) =>
      served.post<{ error?: { message: string } }>(
        '/v1/images/pull',
        { reference: `silent:${at}` },
        { prefer: 'wait=0' },
      );
    for (let at = 0; at < 64; at++) expect((await pull(at)).status).toBe(202);
    // Each has begun, and waits.
    await until(() => connections.size === 64);
    expect(await pull(64)).toMatchObject({
      status: 429,
      error: { message: 'too many operations: 64 are running' },
    });
    const listed = async () =>
      (await served.get<{ operations: { id: string; state: string }[] }>('/v1/operations')).operations;
    const [{ id } = { id: '' }] = await listed();
    const cancelled = await served.post<{ operation: { state: string } }>(`/v1/operations/${id}/cancel`, {});
    expect(cancelled.operation.state).toBe('cancelled');
    expect((await pull(64)).status).toBe(202);
    expect((await listed()).map(({ state }) => state).filter((state) => state === 'running')).toHaveLength(
      64,
    );
    const left = Array.from({ length: 64 }, (_, at) => `vmlet pull silent:${at + 1}`);
    expect(served.server.runningCommands).toEqual(left);
    for (const connection of connections) connection.destroy();
    silent.close();
  });
});

describe('an idle server', () => {
  it('reports that it had no connection for the given time', async () => {
    await using served = await TestServer.start({ idleMs: 3000 });
    let isIdle = false;
    void served.server.idle.then(() => (isIdle = true));
    const socket = await opened(served.connect('/v1/events'));
    const began = performance.now();
    await until(() => performance.now() - began > 4000);
    expect(isIdle).toBe(false);
    socket.terminate();
    await served.server.idle;
  });
});
