import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, renameSync, writeFileSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { compiled, sanitized } from '../../../../../fixtures/compiled.ts';
import { awaitedLater, until } from '../../../../until.ts';
import { agentProgram } from '../../../../../src/machine/paths/package-files.ts';
import { relayTable } from '../../../../../src/network/relay/relay-argv.ts';
import type { SocketForward } from '../../../../../src/network/ports/socket-forward.ts';
import type { BoundForward } from '../../../../../src/network/ports/port.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { sanitizedKeeper } from '../keeper-lab.ts';
import { Switchboard, closeSanitized } from './lab.ts';
import { echoes } from './words.ts';

const SOURCES = join(import.meta.dirname, '../../../../../native/relay');

const agent = agentProgram();
let keeper: string, relay: string, scope: Scope, board: Switchboard, folder: string;

beforeAll(async () => {
  [keeper, relay] = await Promise.all([
    sanitizedKeeper(),
    compiled(SOURCES, 'vmlet-relay-sanitized', sanitized()),
  ]);
});
beforeEach(() => {
  scope = new Scope();
  folder = temporaryFolder(scope);
});
afterEach(async () => {
  const log = board.lab.path('relay.log');
  await closeSanitized(board, scope);
  if (existsSync(log)) expect(board.lab.text('relay.log')).not.toMatch(/Sanitizer|runtime error/);
});

const socketAt = (name: string): string => join(folder, name);

/** Starts a keeper with these forwards; the agent's loopback is that of this host. */
async function start(
  sockets: readonly SocketForward[],
  ports: readonly BoundForward[] = [],
  program = relay,
): Promise<void> {
  board = await Switchboard.start(keeper, folder, scope, agent, (lab) => {
    writeFileSync(lab.path('relay.table'), relayTable({ sockets, ports }));
    writeFileSync(lab.path('relay.argv'), `${program}\0`);
    return {
      forwards: {
        tablePath: lab.path('relay.table'),
        socketPath: join(lab.runtimeDirectory, 'relay.sock'),
        argumentsPath: lab.path('relay.argv'),
        logPath: lab.path('relay.log'),
      },
    };
  });
}

/** Has the keeper read another table. */
async function change(
  sockets: readonly SocketForward[],
  ports: readonly BoundForward[] = [],
): Promise<string> {
  writeFileSync(board.lab.path('relay.table'), relayTable({ sockets, ports }));
  return text(connect(join(board.lab.runtimeDirectory, 'relay.sock')));
}

async function serve(answer: (client: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => undefined);
    scope.defer(() => void client.destroy());
    answer(client);
  });
  scope.defer(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function dial(target: string | number): Promise<Socket> {
  const socket = typeof target === 'string' ? connect(target) : connect(target, '127.0.0.1');
  socket.on('error', () => undefined);
  scope.defer(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

const relays = (): number[] =>
  Object.entries(board.lab.record().helpers)
    .filter(([name]) => name.startsWith('relay'))
    .map(([, { pid }]) => pid);

const countAndEcho = (client: Socket): void => {
  let all = '';
  client.on('data', (chunk: Buffer) => (all += chunk.toString()));
  client.once('end', () => client.end(`${all.length} bytes, then ${all.slice(-4)}`));
};
const echo = (client: Socket): void => void client.pipe(client);

test('a socket leads to the guest, for this user alone, and each side ends separately', async () => {
  const guestPort = await serve(countAndEcho);
  await start([{ path: socketAt('web.sock'), guestPort }]);
  expect(lstatSync(socketAt('web.sock')).mode & 0o777).toBe(0o600);
  expect(relays()).toEqual([]);
  const client = await dial(socketAt('web.sock'));
  client.end(`${'x'.repeat(3_000_000)}last`);
  expect(await text(client)).toBe('3000004 bytes, then last');
  expect(relays()).toHaveLength(1);
});

test('a server that ends its output still reads, until the client ends too', async () => {
  const received: Promise<string>[] = [];
  const guestPort = await serve((client) => {
    client.end('continue');
    received.push(text(client));
  });
  await start([{ path: socketAt('web.sock'), guestPort }]);
  const client = connect({ path: socketAt('web.sock'), allowHalfOpen: true });
  scope.defer(() => void client.destroy());
  const [greeting] = (await once(client, 'data')) as [Buffer];
  expect(greeting.toString()).toBe('continue');
  // Iterating over the socket would destroy it at the end.
  await once(client, 'end');
  client.end('x'.repeat(3_000_000));
  expect(await received[0]).toHaveLength(3_000_000);
  const { input, output, closed } = await (await board.attach()).connect(guestPort);
  expect(await text(output)).toBe('continue');
  input.end('y'.repeat(3_000_000));
  await closed;
  expect(await received[1]).toHaveLength(3_000_000);
});

test('large answers arrive, and a client that does not read stops nobody', async () => {
  const guestPort = await serve((client) => void client.end(Buffer.alloc(5_000_000, 'y')));
  await start([{ path: socketAt('web.sock'), guestPort }]);
  const stalled = await Promise.all(Array.from({ length: 20 }, async () => dial(socketAt('web.sock'))));
  for (const client of stalled) client.pause();
  const quick = await dial(socketAt('web.sock'));
  expect(await text(quick)).toHaveLength(5_000_000);
  await echoes(await board.attach(), 'beside');
  // Late readers miss nothing.
  for (const client of stalled) expect(await text(client)).toHaveLength(5_000_000);
});

/** A relay whose limits for a server that takes nothing are these. */
const impatient = async (limits: readonly string[]): Promise<string> =>
  compiled(SOURCES, `vmlet-relay-${limits.join('-')}`, sanitized(...limits));

/** Connects, sends the letter until nothing more is taken, and leaves. @returns the number that were sent, or a few less. */
async function leaveBehind(path: string, letter: string): Promise<number> {
  const client = await dial(path);
  const sent = (): number => client.bytesWritten - client.writableLength;
  const more = (): void => {
    while (client.write(Buffer.alloc(65_536, letter)));
  };
  client.on('drain', more);
  more();
  // The credit and the buffers of all sockets between are full.
  let [before, looks] = [-1, 0];
  await until(
    () => {
      looks = sent() === before ? looks + 1 : 0;
      before = sent();
      return looks > 100;
    },
    { awaited: 'nothing moves' },
  );
  client.destroy();
  return before;
}

test('a client that leaves behind a server that does not read is given up', async () => {
  const guestPort = await serve((client) => void client.pause());
  const hasty = await impatient(['STALL_MS=1000', 'CROWDED_STALL_MS=1000', 'IDLE_MS=1000']);
  await start([{ path: socketAt('web.sock'), guestPort }], [], hasty);
  await leaveBehind(socketAt('web.sock'), 'x');
  // A second for the server, and one without a client.
  await until(() => relays().length === 0, { awaited: 'the relay has ended' });
});

test('what a client sent before it left arrives, unless too many have left', async () => {
  const servers: Socket[] = [];
  const guestPort = await serve((client) => void servers.push(client.pause()));
  const strict = await impatient(['CROWDED_STALL_MS=1']);
  await start([{ path: socketAt('web.sock'), guestPort }], [], strict);
  const letters = 'a b c d e f g h i j k l m n o p q'.split(' ');
  const sent = await Promise.all(letters.map(async (letter) => leaveBehind(socketAt('web.sock'), letter)));
  const received = await Promise.all(servers.map(async (server) => text(server)));
  expect(received.map(([letter]) => letter).sort()).toEqual(letters);
  const incomplete = received.filter(
    ({ [0]: letter = '', length }) => length < (sent[letters.indexOf(letter)] ?? 0),
  );
  // Sixteen may wait; the one that has waited longest was given up for the last.
  expect(incomplete).toHaveLength(1);
});

test('two hundred clients at once are all served, a hundred at a time', async () => {
  const guestPort = await serve(echo);
  await start([{ path: socketAt('web.sock'), guestPort }]);
  const talk = async (word: string): Promise<string> => {
    const client = await dial(socketAt('web.sock'));
    client.write(word);
    const [answer] = (await once(client, 'data')) as [Buffer];
    client.end();
    return answer.toString();
  };
  const words = Array.from({ length: 200 }, (_, index) => `word ${index}`);
  expect(await Promise.all(words.map(talk))).toEqual(words);
  await echoes(await board.attach(), 'afterwards');
});

test('a port without a server ends the connection, and a file that exists is not replaced', async () => {
  const path = socketAt('file');
  writeFileSync(path, 'kept');
  await start([{ path: socketAt('none.sock'), guestPort: 1 }]);
  expect(await text(await dial(socketAt('none.sock')))).toBe('');
  expect(
    await change([
      { path: socketAt('none.sock'), guestPort: 1 },
      { path, guestPort: 2 },
    ]),
  ).toBe('failed 1 98\n');
  expect(lstatSync(path).isFile()).toBe(true);
});

test('forwards come and go while connections through others stay open', async () => {
  const guestPort = await serve(echo);
  const one = { path: socketAt('one.sock'), guestPort };
  const two = { path: socketAt('two.sock'), guestPort };
  await start([one]);
  const open = await dial(one.path);
  const says = async (word: string): Promise<string> => {
    open.write(word);
    const [answer] = (await once(open, 'data')) as [Buffer];
    return answer.toString();
  };
  expect(await says('before')).toBe('before');
  const free = await serve(() => undefined);
  const port = {
    protocol: 'tcp',
    hostAddress: '127.0.0.1',
    hostPort: free,
    guestPort,
    ephemeral: false,
  } as const;
  // Its port is taken: nothing of this change stays.
  expect(await change([one, two], [port])).toBe('failed 2 98\n');
  expect(existsSync(two.path)).toBe(false);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const hostPort = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  expect(await change([one, two], [{ ...port, hostPort }])).toBe('ok\n');
  const other = await dial(two.path);
  other.end('other');
  expect(await text(other)).toBe('other');
  const tcp = await dial(hostPort);
  tcp.end('tcp');
  expect(await text(tcp)).toBe('tcp');
  // A client must not take a part of an answer for all of it.
  const part = await dial(hostPort);
  const reset = awaitedLater(once(part, 'error'));
  part.write('x');
  await once(part, 'data');
  const cut = await dial(two.path);
  const ended = awaitedLater(once(cut, 'close'));
  cut.write('x');
  await once(cut, 'data');
  expect(await change([one])).toBe('ok\n');
  await ended;
  expect(await reset).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
  expect(existsSync(two.path)).toBe(false);
  expect(await says('after')).toBe('after');
  // An invalid table changes nothing.
  writeFileSync(board.lab.path('relay.table'), 'x');
  expect(await text(connect(join(board.lab.runtimeDirectory, 'relay.sock')))).toMatch(/^failed /);
  expect(await says('still')).toBe('still');
});

test('a relay that is killed is replaced for the next client', async () => {
  const guestPort = await serve(echo);
  await start([{ path: socketAt('web.sock'), guestPort }]);
  const first = await dial(socketAt('web.sock'));
  first.write('x');
  await once(first, 'data');
  const [pid = NaN] = relays();
  const ended = once(first, 'close');
  process.kill(pid, 'SIGKILL');
  await ended;
  const next = await dial(socketAt('web.sock'));
  next.end('next');
  expect(await text(next)).toBe('next');
  expect(relays()).not.toContain(pid);
});

test('an agent that ends cuts connections, and the next one serves new ones', async () => {
  const guestPort = await serve(echo);
  await start([{ path: socketAt('web.sock'), guestPort }]);
  const open = await dial(socketAt('web.sock'));
  open.write('x');
  await once(open, 'data');
  const ended = awaitedLater(once(open, 'close'));
  await board.portChanged(false);
  await ended;
  await board.portChanged(true);
  const next = await dial(socketAt('web.sock'));
  next.end('next');
  expect(await text(next)).toBe('next');
});

test('its socket is removed at the end, but not the file of another process', async () => {
  const guestPort = await serve(echo);
  const [own, other] = [socketAt('own.sock'), socketAt('other.sock')];
  await start([
    { path: own, guestPort },
    { path: other, guestPort },
  ]);
  renameSync(other, socketAt('moved'));
  writeFileSync(other, 'of another');
  chmodSync(other, 0o600);
  await board.control('end');
  await board.keeper.ended;
  await until(() => !existsSync(own), { awaited: 'it is removed' });
  expect(existsSync(other)).toBe(true);
});
