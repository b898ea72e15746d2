import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { until } from '../../../../until.ts';
import { FieldWriter, Operation, Tag } from '../../../../../src/guest/agent/fields.ts';
import { FrameType } from '../../../../../src/guest/agent/agent-frame.ts';
import { agentProgram } from '../../../../../src/machine/paths/package-files.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { sanitizedKeeper } from '../keeper-lab.ts';
import { Switchboard, closeSanitized } from './lab.ts';
import { echoes } from './words.ts';

const agent = agentProgram();
let keeper: string, scope: Scope, board: Switchboard;

beforeAll(async () => {
  keeper = await sanitizedKeeper();
});
beforeEach(async () => {
  scope = new Scope();
  board = await Switchboard.start(keeper, temporaryFolder(scope), scope, agent);
});
afterEach(async () => closeSanitized(board, scope));

/** A server on this host, which acts as the guest in these tests. */
async function serve(host: string, answer: (client: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => undefined);
    scope.defer(() => void client.destroy());
    answer(client);
  });
  scope.defer(() => void server.close());
  server.listen(0, host);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test.each(['127.0.0.1', '::1'])(
  'a server on %s is reachable, and each side closes separately',
  async (host) => {
    const port = await serve(host, (client) => {
      let all = '';
      client.on('data', (chunk: Buffer) => (all += chunk.toString()));
      client.once('end', () => client.end(`${all.length} bytes, then ${all.slice(-4)}`));
    });
    const client = await board.attach();
    const connection = await client.connect(port);
    connection.input.end(`${'x'.repeat(3_000_000)}last`);
    expect(await text(connection.output)).toBe('3000004 bytes, then last');
    await echoes(client, 'afterwards');
  },
);

test('large answers arrive at the pace of their reader', async () => {
  const port = await serve('127.0.0.1', (client) => void client.end(Buffer.alloc(20_000_000, 'y')));
  const client = await board.attach();
  const slow = await client.connect(port);
  const quick = await client.connect(port);
  expect((await text(quick.output)).length).toBe(20_000_000);
  expect((await text(slow.output)).length).toBe(20_000_000);
});

test('closing the client closes the connection', async () => {
  const clients: Socket[] = [];
  const port = await serve('127.0.0.1', (client) => {
    clients.push(client);
    client.resume();
  });
  const [one, other] = [await board.attach(), await board.attach()];
  const connection = await one.connect(port);
  await other.connect(port);
  await until(() => clients.length === 2, { awaited: 'both are there' });
  const read = text(connection.output);
  connection.close();
  expect(await read).toBe('');
  await until(() => clients[0]!.readableEnded || clients[0]!.destroyed, { awaited: 'the first is closed' });
  expect(clients[1]!.readableEnded).toBe(false);
  // Also when the client closes.
  await other.close();
  await until(() => clients[1]!.readableEnded || clients[1]!.destroyed, { awaited: 'the second is closed' });
  await echoes(one, 'still');
});

test('a port without a server refuses, and invalid requests are rejected', async () => {
  const port = await serve('127.0.0.1', () => undefined);
  await scope.close();
  scope = new Scope();
  board = await Switchboard.start(keeper, temporaryFolder(scope), scope, agent);
  const client = await board.attach();
  await expect(client.connect(port)).rejects.toMatchObject({ errno: 'ECONNREFUSED' });
  await expect(client.connect(0)).rejects.toThrow('invalid port 0');
  const peer = await board.client();
  for (const body of [
    new FieldWriter(Operation.connect),
    new FieldWriter(Operation.connect).u32(Tag.port, 70_000),
    new FieldWriter(Operation.connect).u32(Tag.mode, 22),
    new FieldWriter(Operation.connect).u32(Tag.port, 22).u32(Tag.port, 23),
  ]) {
    peer.send(FrameType.request, 0, 7, body.toBuffer());
    expect((await peer.next(FrameType.failed)).channel).toBe(7);
  }
  await echoes(client, 'still');
});
