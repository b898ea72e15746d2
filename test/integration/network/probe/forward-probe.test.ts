import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { probeForward, probeSsh, witnessByForward } from '../../../../src/network/probe/forward-probe.ts';

interface Listener extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/** Acts as passt’s side of a forward: accepts at once, and does what its guest would do. */
async function listen(serve: (socket: Socket) => void): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const silent = (socket: Socket): void => void socket.resume();
const refusing = (socket: Socket): void => void socket.end();
const refusingLate = (socket: Socket): void => void setTimeout(() => socket.end(), 150);
const greeting = (socket: Socket): void => void socket.write('SSH-2.0-test\r\n');
const waitingForRequests = (socket: Socket): void => void socket.resume().on('end', () => socket.end());

/** Longer than a busy host stops this process for. */
const limits = { patienceMs: 1500 };

test.each([
  ['a server that sends data first', greeting, refusing, 'accepts'],
  ['a server that waits for a request', waitingForRequests, refusing, 'accepts'],
  ['a refused port', refusing, greeting, 'refuses'],
  ['a guest without a network yet', silent, silent, 'silent'],
] as const)('%s', async (_what, serve, serveOther, answer) => {
  await using forward = await listen(serve);
  await using witness = await listen(serveOther);
  expect(await probeForward(forward, witnessByForward(witness), limits)).toBe(answer);
});

test.each([
  ['a server that waits for a request', waitingForRequests, true, 'accepts'],
  ['a server that waits for a request', waitingForRequests, false, 'silent'],
  ['a refused port', refusing, true, 'refuses'],
  ['a port that is refused late', refusingLate, true, 'refuses'],
] as const)('%s, and a witness: %s %s', async (_what, serve, says, answer) => {
  await using forward = await listen(serve);
  const witness = { answers: async () => Promise.resolve(says), graceMs: 1000 };
  expect(await probeForward(forward, witness, limits)).toBe(answer);
});

test('no answer means nothing without another forward', async () => {
  await using forward = await listen(waitingForRequests);
  expect(await probeForward(forward, undefined, limits)).toBe('silent');
});

test('reports that nothing listens on the host', async () => {
  const gone = await listen(silent);
  await gone[Symbol.asyncDispose]();
  expect(await probeForward(gone, undefined, limits)).toBe('not forwarded');
  expect(await probeSsh(gone, limits)).toMatchObject({
    seen: expect.stringContaining('cannot connect to') as string,
  });
});

test('an ssh server is recognized by its banner', async () => {
  await using ssh = await listen(greeting);
  expect(await probeSsh(ssh, limits)).toEqual({ banner: 'SSH-2.0-test' });
  await using smtp = await listen((socket) => void socket.write('220 mail\r\n'));
  expect(await probeSsh(smtp, limits)).toMatchObject({ seen: expect.stringContaining('220 mail') as string });
});

test('an abort ends a probe', async () => {
  await using forward = await listen(silent);
  const controller = new AbortController();
  const probing = probeForward(forward, undefined, { patienceMs: 60_000, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(probing).rejects.toThrow('enough');
});
