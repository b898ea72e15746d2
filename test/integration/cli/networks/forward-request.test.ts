import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, type Server, type Socket, connect, createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forwardRequest } from '../../../../src/cli/networks/forward-request.ts';
import { ConnectError } from '../../../../src/errors/index.ts';
import { Scope } from '../../../../src/util/scope.ts';

const KIBIBYTE = Buffer.alloc(1024, 'x');
const LARGE = 'y'.repeat(2_000_000);

let scope: Scope, failures: unknown[];

beforeEach(() => {
  scope = new Scope();
  failures = [];
});
afterEach(async () => scope.close());

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function keep(socket: Socket): Socket {
  scope.defer(() => void socket.destroy());
  return socket.on('error', () => undefined);
}

/** Starts a server of the guest and a proxy to it, and returns the port of the proxy. */
async function proxyTo(serve: (client: Socket) => void): Promise<number> {
  const guest = createServer({ allowHalfOpen: true }, (client) => serve(keep(client)));
  scope.defer(() => void guest.close());
  const guestPort = await portOf(guest);
  const proxy = createHttpServer((request, response) => {
    const connection = agentLike(keep(connect({ port: guestPort, host: '127.0.0.1', allowHalfOpen: true })));
    response.once('close', () => connection.destroy());
    forwardRequest(request, response, connection, '/').catch((error: unknown) => {
      failures.push(error);
      response.destroy();
    });
  });
  scope.defer(() => proxy.closeAllConnections());
  scope.defer(() => void proxy.close());
  return portOf(proxy);
}

/** As a connection over the agent: what the server does not read is dropped without an error. */
function agentLike(socket: Socket): Duplex {
  socket.once('end', () => duplex.push(null));
  socket.on('data', (chunk: Buffer) => duplex.push(chunk));
  const duplex: Duplex = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      if (socket.writable) socket.write(chunk, () => done());
      else done();
    },
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  return duplex;
}

async function dial(port: number): Promise<Socket> {
  const socket = keep(connect(port, '127.0.0.1'));
  await once(socket, 'connect');
  return socket;
}

/** Uploads until the whole answer has come or the connection is closed, and returns the answer. */
async function upload(port: number, head: string): Promise<string> {
  const socket = await dial(port);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    // Slower than the proxy: the rest of the answer is still on its way when the server has ended.
    socket.pause();
    setTimeout(() => socket.resume(), 1);
    answer += chunk.toString('latin1');
    if (answer.endsWith(`\r\n\r\n${LARGE}`)) socket.destroy();
  });
  socket.write(head);
  const more = (): void => {
    while (socket.writable && socket.write(KIBIBYTE));
  };
  socket.on('drain', more);
  more();
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

it.each(['keep-alive', 'close'])(
  'passes an answer on that comes before the body is complete, with Connection: %s',
  async (connection) => {
    const port = await proxyTo((client) => {
      client.once('data', () => {
        client.pause();
        client.end(`HTTP/1.1 413 Payload Too Large\r\nContent-Length: ${LARGE.length}\r\n\r\n${LARGE}`);
      });
    });
    const answer = await upload(
      port,
      `POST / HTTP/1.1\r\nHost: web\r\nConnection: ${connection}\r\nContent-Length: 1000000000\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/);
    expect(answer.endsWith(LARGE)).toBe(true);
  },
);

it('answers at once, and does not reset a client that is still sending', async () => {
  const port = await proxyTo((client) => {
    client.once('data', () => client.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
  });
  const socket = await dial(port);
  const failed: unknown[] = [];
  socket.on('error', (error) => failed.push(error));
  socket.write('POST / HTTP/1.1\r\nHost: web\r\nConnection: close\r\nContent-Length: 4096\r\n\r\n');
  socket.write(KIBIBYTE);
  const [head] = (await once(socket, 'data')) as [Buffer];
  expect(head.toString()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  for (let index = 0; index < 3; index++) socket.write(KIBIBYTE);
  await once(socket, 'close');
  expect(failed).toEqual([]);
});

it.each(['DELETE', 'GET', 'OPTIONS', 'POST'])('frames a chunked body of %s', async (method) => {
  let seen = '';
  const port = await proxyTo((client) => {
    client.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.endsWith('0\r\n\r\n')) client.end('HTTP/1.1 204 No Content\r\n\r\n');
    });
  });
  const socket = await dial(port);
  const head = `${method} / HTTP/1.1\r\nHost: web\r\nConnection: close, Host\r\n`;
  socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 204 /);
  expect(seen).toMatch(/^\w+ \/ HTTP\/1\.1\r\nHost: web\r\n(.*\r\n)*\r\n5\r\nhello\r\n0\r\n\r\n$/);
  expect(seen).toMatch(/^Transfer-Encoding: chunked\r$/m);
});

it('passes a body on while the server answers', async () => {
  const port = await proxyTo((client) => {
    client.once('data', () => {
      client.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      client.on('data', (chunk: Buffer) => {
        client.write(`${chunk.length.toString(16)}\r\n${chunk.toString()}\r\n`);
        if (chunk.toString().endsWith('last')) client.end('0\r\n\r\n');
      });
    });
  });
  const socket = await dial(port);
  socket.write('POST / HTTP/1.1\r\nHost: web\r\nConnection: close\r\nContent-Length: 9\r\n\r\n');
  await once(socket, 'data');
  socket.write('first');
  const [echoed] = (await once(socket, 'data')) as [Buffer];
  expect(echoed.toString()).toContain('first');
  socket.write('last');
  expect(await text(socket)).toContain('last');
});

it('passes an answer on without the control characters of its status', async () => {
  const port = await proxyTo((client) => {
    client.once('data', () => client.end('HTTP/1.1 200 o\u0001k\u007f\r\nContent-Length: 2\r\n\r\nhi'));
  });
  const socket = await dial(port);
  socket.write('GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n');
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 ok\r\n(.*\r\n)*\r\nhi$/);
  expect(failures).toEqual([]);
});

it('reports a server that ends without an answer', async () => {
  const port = await proxyTo((client) => {
    client.once('data', () => client.end());
  });
  await upload(port, 'POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 1000000000\r\n\r\n');
  expect(failures).toEqual([expect.any(ConnectError)]);
});
