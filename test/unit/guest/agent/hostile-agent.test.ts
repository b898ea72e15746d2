import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attachPlayed, connectedPair, hello, nextNonce } from '../../../../fixtures/agent/played-agent.ts';
import { Random } from '../../../../fixtures/agent/random.ts';
import { GuestClosedError, GuestProtocolError, VmletError } from '../../../../src/errors/index.ts';
import { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import { FieldWriter, Tag } from '../../../../src/guest/agent/fields.ts';
import { FrameType, encodeFrame } from '../../../../src/guest/agent/agent-frame.ts';
import { Scope } from '../../../../src/util/scope.ts';

let scope: Scope;

beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => scope.close());

const pair = async () => connectedPair(scope);
const attached = async () => attachPlayed(scope);

describe('attach', () => {
  test('skips remains of an earlier session, console text and truncated frames', async () => {
    const { host, agent } = await pair();
    const attaching = GuestAgent.attach(host, { timeoutMs: 20_000 });
    const nonce = await nextNonce(agent);
    agent.write('Welcome to Linux\r\nlogin: VML');
    agent.write(hello(Buffer.alloc(8, 9)));
    agent.write(encodeFrame(FrameType.data, 1, 4, Buffer.alloc(9000, 1)).subarray(0, 2000));
    agent.write(Buffer.concat([hello(nonce), encodeFrame(FrameType.pong, 0, 1)]));
    const guest = await attaching;
    expect(guest.hello.version).toBe(1);
  });

  test('greets again when an agent has just started', async () => {
    const { host, agent } = await pair();
    const attaching = GuestAgent.attach(host, { timeoutMs: 20_000 });
    const first = await nextNonce(agent);
    agent.write(hello(Buffer.alloc(8), 1));
    const second = await nextNonce(agent);
    expect(second).toEqual(first);
    agent.write(hello(second));
    await attaching;
  });

  test('reports which versions the agent speaks if none matches', async () => {
    const { host, agent } = await pair();
    const attaching = GuestAgent.attach(host, { timeoutMs: 20_000 });
    agent.write(hello(await nextNonce(agent), 0, 0));
    await expect(attaching).rejects.toThrow(/versions 7 to 9/);
    await expect(attaching).rejects.toBeInstanceOf(GuestProtocolError);
  });
});

describe('a session', () => {
  test('ends when the agent restarts', async () => {
    const { guest, agent } = await attached();
    const command = guest.exec(['sleep', '1']);
    agent.write(Buffer.concat([Buffer.alloc(40_000), hello(Buffer.alloc(8), 1)]));
    await expect(command).rejects.toBeInstanceOf(GuestClosedError);
    await guest.closed;
  });

  test('ignores a second reply to the greeting', async () => {
    const { guest, agent } = await attached();
    agent.write(hello(Buffer.alloc(8, 5), 0));
    agent.write(encodeFrame(FrameType.pong, 0, 1));
    await guest.ping();
  });

  test.each([
    ['text', Buffer.from('kernel panic')],
    [
      'content after its end',
      Buffer.concat([encodeFrame(FrameType.end, 1, 1), encodeFrame(FrameType.data, 1, 1)]),
    ],
    ['content of an unknown stream', encodeFrame(FrameType.data, 9, 1)],
    ['an end without a status', encodeFrame(FrameType.exit, 0, 1)],
    ['a failure without a reason', encodeFrame(FrameType.failed, 0, 1)],
    ['credit without a number', encodeFrame(FrameType.credit, 0, 1)],
    ['an invalid frame', encodeFrame(FrameType.pong, 0, 1)],
  ])('ends with GuestProtocolError on %s', async (_, bytes) => {
    const { guest, agent } = await attached();
    const command = guest.exec(['sleep', '1'], { stdin: 'pipe' });
    agent.write(bytes);
    await expect(command).rejects.toBeInstanceOf(GuestProtocolError);
    await guest.closed;
    expect(guest.failure).toBeInstanceOf(GuestProtocolError);
  });

  test.each([1, 2, 3])('settles every call with a typed error for random data (seed %i)', async (seed) => {
    const random = new Random(seed);
    for (let round = 0; round < 60; round += 1) {
      const { guest, agent } = await attached();
      const command = guest.exec(['cat'], { stdin: 'pipe' });
      const file = guest.pull('/file');
      const calls: Promise<unknown>[] = [
        Promise.resolve(command),
        command.stdout.toArray(),
        Promise.resolve(guest.exec(['ls'], { input: Buffer.alloc(400_000) })),
        file.attributes,
        file.stream.toArray(),
        guest.push(Buffer.alloc(500_000), '/other'),
        guest.sync(),
        guest.ping(),
      ];
      for (let count = 0; count < 30; count += 1) agent.write(hostile(random));
      agent.end();
      for (const result of await Promise.allSettled(calls)) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(VmletError);
      }
      await guest.closed;
    }
  });
});

describe('the contents of a file', () => {
  const started = (size: bigint): Buffer =>
    encodeFrame(
      FrameType.started,
      0,
      1,
      new FieldWriter(1).u64(Tag.size, size).u32(Tag.mode, 0o644).u64(Tag.mtime, 0n).toBuffer(),
    );
  const data = (bytes: number): Buffer => encodeFrame(FrameType.data, 0, 1, Buffer.alloc(bytes, 1));
  const done = encodeFrame(FrameType.done, 0, 1);

  const pulled = async (...frames: Buffer[]): Promise<number> => {
    const { guest, agent } = await attached();
    const file = guest.pull('/file');
    for (const frame of frames) agent.write(frame);
    let bytes = 0;
    for await (const chunk of file.whole()) bytes += chunk.length;
    return bytes;
  };

  test.each([
    ['is empty', [started(2n ** 62n), done]],
    ['is a byte shorter', [started(101n), data(100), done]],
    ['is much shorter', [started(2n ** 62n), data(8000), data(8000), done]],
    ['is a byte longer', [started(99n), data(50), data(50), done]],
    ['is longer, and endless', [started(99n), data(100)]],
  ])('are rejected if the file %s', async (_, frames) => {
    await expect(pulled(...frames)).rejects.toMatchObject({
      code: 'VMLET_GUEST_FILE',
      path: '/file',
      errno: 'EIO',
      hint: expect.stringContaining('if another program was writing the file') as string,
    });
  });

  test.each([
    ['of the stated size', [started(150n), data(100), data(50), done], 150],
    ['of no stated size', [started(0n), data(100), done], 100],
    ['shorter than a page', [started(4096n), data(100), done], 100],
    ['longer than a page', [started(4096n), data(4096), data(1), done], 4097],
    ['empty', [started(0n), done], 0],
  ])('can be %s', async (_, frames, bytes) => {
    expect(await pulled(...frames)).toBe(bytes);
  });
});

function hostile(random: Random): Buffer {
  const channel = 1 + random.below(7);
  const type = random.pick(Object.values(FrameType).filter((one) => one !== FrameType.hello));
  const body = new FieldWriter(1)
    .u32(Tag.errno, random.below(200))
    .bytes(Tag.phase, random.bytes(1))
    .toBuffer();
  switch (random.below(20)) {
    case 0:
      return random.bytes(random.below(100));
    case 1:
      return encodeFrame(type, random.below(4), channel, random.bytes(random.below(30))).subarray(
        random.below(4),
      );
    case 2:
      return encodeFrame(FrameType.failed, 0, channel, body);
    case 3:
      return encodeFrame(FrameType.exit, 0, channel, random.bytes(2));
    case 4:
      return encodeFrame(FrameType.hello, 0, 0, random.bytes(random.below(40)));
    case 5:
      return encodeFrame(FrameType.credit, 0, channel, Buffer.from([0, 0, 4, 0]));
    default:
      return encodeFrame(FrameType.data, 1 + random.below(2), 1, random.bytes(random.below(2000)));
  }
}

/** As when the guest's kernel waits for a file system that does not answer. */
describe('an agent that does not answer', () => {
  const reason = new Error('enough');
  let controller: AbortController;

  beforeEach(() => {
    controller = new AbortController();
  });

  test.each(['', 'text'])('does not delay the abort of a push of %j', async (content) => {
    const { guest, agent } = await attached();
    const pushed = guest.push(content, '/file', { signal: controller.signal });
    await received(agent, encodeFrame(FrameType.end, 0, 1));
    controller.abort(reason);
    await expect(pushed).rejects.toBe(reason);
    await received(agent, encodeFrame(FrameType.cancel, 0, 1));
  });

  test('does not delay the abort of a pull', async () => {
    const { guest, agent } = await attached();
    const file = guest.pull('/file', { signal: controller.signal });
    await received(agent, Buffer.from('/file'));
    controller.abort(reason);
    await expect(file.attributes).rejects.toBe(reason);
    await expect(file.stream.toArray()).rejects.toBe(reason);
    await received(agent, encodeFrame(FrameType.cancel, 0, 1));
  });
});

/** Waits until these bytes have arrived. */
async function received(agent: Socket, bytes: Buffer): Promise<void> {
  let all = Buffer.alloc(0);
  while (!all.includes(bytes)) {
    const [chunk] = (await once(agent, 'data')) as [Buffer];
    all = Buffer.concat([all, chunk]);
  }
}
