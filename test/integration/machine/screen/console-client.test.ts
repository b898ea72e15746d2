import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { ConnectError } from '../../../../src/errors/index.ts';
import { attachConsole } from '../../../../src/machine/screen/console-client.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { failureOf } from '../../qmp/qemu.ts';
import { awaitedLater } from '../../../until.ts';

const directory = temporaryDirectory();
const servers: Server[] = [];
let sockets = 0;

afterEach(() => servers.splice(0).forEach((server) => server.close()));

/** A console as the keeper serves it: bytes in both directions, any number of clients. */
async function serveConsole(onClient: (client: Socket) => void): Promise<string> {
  const path = join(directory, `console-${sockets++}.sock`);
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => undefined);
    onClient(client);
  });
  servers.push(server);
  server.listen(path);
  await once(server, 'listening');
  return path;
}

async function textUntil(stream: PassThrough, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) {
    const chunk = stream.read() as Buffer | null;
    if (chunk) text += chunk.toString();
    else await once(stream, 'readable');
  }
  return text;
}

test('bytes are passed both ways, and the escape detaches without being sent', async () => {
  let heard = '';
  const left = deferred<undefined>();
  const path = await serveConsole((client) => {
    client.on('data', (chunk) => {
      heard += chunk.toString();
      client.write(chunk.toString().toUpperCase());
    });
    client.on('close', () => left.resolve(undefined));
  });
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ended = awaitedLater(attachConsole(path, { input, output }));
  input.write('hello\n');
  expect(await textUntil(output, '\n')).toBe('HELLO\n');
  input.write('last\x1dnot for the guest');
  expect(await ended).toBe('detached');
  await left.promise;
  expect(heard).toBe('hello\nlast');
  input.write('later');
  expect(input.readableLength).toBe('later'.length);
  expect(output.writableEnded).toBe(false);
});

test('detaching works from a guest that does not read its input', async () => {
  const path = await serveConsole((client) => client.pause());
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ended = attachConsole(path, { input, output });
  // More than both ends of a unix socket can buffer.
  input.write(Buffer.alloc(512 * 1024, 'x'));
  input.write('\x1d');
  expect(await ended).toBe('detached');
});

test('two clients are served at once, and both end with the machine', async () => {
  const clients: Socket[] = [];
  const path = await serveConsole((client) => clients.push(client));
  const outputs = [new PassThrough(), new PassThrough()];
  const consoles = awaitedLater(
    Promise.all(outputs.map(async (output) => attachConsole(path, { input: new PassThrough(), output }))),
  );
  while (clients.length < 2) await once(servers[0]!, 'connection');
  for (const client of clients) client.end('bye\n');
  expect(await consoles).toEqual(['closed', 'closed']);
  for (const output of outputs) expect(await textUntil(output, '\n')).toBe('bye\n');
});

test('the console stays readable after the end of the input', async () => {
  const path = await serveConsole((client) => {
    client.on('data', () => undefined);
    client.on('end', () => client.end('an answer\n'));
  });
  const [input, output] = [new PassThrough(), new PassThrough()];
  input.end('a question\n');
  expect(await attachConsole(path, { input, output })).toBe('closed');
  expect(await textUntil(output, '\n')).toBe('an answer\n');
});

test('unread output is not buffered without limit for a slow reader', async () => {
  let sent = 0;
  const piece = Buffer.alloc(64 * 1024, 'x');
  const stalled = new Promise<void>((resolve) => {
    void serveConsole((client) => {
      const send = (): void => {
        while (client.write(piece)) sent += piece.length;
        sent += piece.length;
      };
      client.on('drain', send);
      send();
      // The buffers of the kernel and of both streams are full when nothing drains for a while.
      let last = -1;
      const look = setInterval(() => {
        if (sent === last) {
          clearInterval(look);
          resolve();
        }
        last = sent;
      }, 50);
    }).then((path) => {
      const attached = attachConsole(path, {
        input: new PassThrough(),
        output: new PassThrough(),
        signal: leave.signal,
      });
      attached.catch(() => undefined);
    });
  });
  const leave = new AbortController();
  await stalled;
  expect(sent).toBeLessThan(4 * 1024 * 1024);
  leave.abort();
});

test('the escape can be another byte, and an abort ends with its reason', async () => {
  const path = await serveConsole((client) => client.resume());
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ended = attachConsole(path, { input, output, escape: 0x01 });
  input.write('\x1d\x01');
  expect(await ended).toBe('detached');

  const abort = new AbortController();
  const aborted = failureOf(attachConsole(path, { input, output, signal: abort.signal }));
  const reason = new Error('enough');
  abort.abort(reason);
  expect(await aborted).toBe(reason);
});

test('a stopped machine has no socket, and the error says so', async () => {
  const streams = { input: new PassThrough(), output: new PassThrough() };
  const missing = await failureOf(attachConsole(join(directory, 'none.sock'), streams));
  expect(missing).toBeInstanceOf(ConnectError);
  expect(missing.message).toContain('no such socket');
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect((await failureOf(attachConsole(file, streams))).message).toContain('connection refused');
});
