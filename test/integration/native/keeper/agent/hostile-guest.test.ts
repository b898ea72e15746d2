import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { Random } from '../../../../../fixtures/agent/random.ts';
import { until } from '../../../../until.ts';
import { FrameType, PAYLOAD_MAX, WINDOW, encodeFrame } from '../../../../../src/guest/agent/agent-frame.ts';
import { encodeOpen } from '../../../../../src/guest/agent/greeting.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { residentBytes, sanitizedKeeper } from '../keeper-lab.ts';
import { type HostileGuest, Switchboard, closeSanitized, encodeHello, reasonOf } from './lab.ts';
import { bytes, cat, number, pull, push, sync } from './words.ts';

let program: string, scope: Scope, board: Switchboard;

beforeAll(async () => {
  program = await sanitizedKeeper();
});
beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => closeSanitized(board, scope));

type Send = (type: number, flag: number, payload?: Buffer) => void;

/** A guest's answer to a request, which breaks the protocol with its last frame. */
const VIOLATIONS: readonly (readonly [
  string,
  Buffer,
  (send: Send, guest: HostileGuest, channel: number) => void,
])[] = [
  [
    'a channel that nobody has',
    cat,
    (_send, guest, channel) => guest.send(FrameType.started, 0, channel + 1, number(1)),
  ],
  ['channel 0', cat, (_send, guest) => guest.send(FrameType.exit, 0, 0, bytes(0, 0))],
  ['content before the start', cat, (send) => send(FrameType.data, 1, bytes(1))],
  [
    'content of a stream that is an input',
    cat,
    (send) => (send(FrameType.started, 0, number(1)), send(FrameType.data, 0, bytes(1))),
  ],
  [
    'content of stream 3',
    cat,
    (send) => (send(FrameType.started, 0, number(1)), send(FrameType.data, 3, bytes(1))),
  ],
  [
    'more content than was granted',
    cat,
    (send) => {
      send(FrameType.started, 0, number(1));
      for (let left = WINDOW; left > 0; left -= 16_384) send(FrameType.data, 1, Buffer.alloc(16_384));
      send(FrameType.data, 1, bytes(1));
    },
  ],
  [
    'content after its end',
    cat,
    (send) => (
      send(FrameType.started, 0, number(1)),
      send(FrameType.end, 1),
      send(FrameType.data, 1, bytes(1))
    ),
  ],
  [
    'two ends',
    cat,
    (send) => (send(FrameType.started, 0, number(1)), send(FrameType.end, 1), send(FrameType.end, 1)),
  ],
  [
    'two starts',
    cat,
    (send) => (send(FrameType.started, 0, number(1)), send(FrameType.started, 0, number(1))),
  ],
  [
    'two exits',
    cat,
    (send) => (
      send(FrameType.started, 0, number(1)),
      send(FrameType.exit, 0, bytes(0, 0)),
      send(FrameType.exit, 0, bytes(0, 0))
    ),
  ],
  ['an exit before the start', cat, (send) => send(FrameType.exit, 0, bytes(0, 0))],
  [
    'an exit of one byte',
    cat,
    (send) => (send(FrameType.started, 0, number(1)), send(FrameType.exit, 0, bytes(0))),
  ],
  [
    'a failure after the exit',
    cat,
    (send) => (
      send(FrameType.started, 0, number(1)),
      send(FrameType.exit, 0, bytes(0, 0)),
      send(FrameType.failed, 0)
    ),
  ],
  ['a failure of 513 bytes', cat, (send) => send(FrameType.failed, 0, Buffer.alloc(513))],
  ['words after the last one', cat, (send) => (send(FrameType.failed, 0), send(FrameType.failed, 0))],
  ['credit for what was not sent', cat, (send) => send(FrameType.credit, 0, number(1))],
  ['credit of 3 bytes', push, (send) => send(FrameType.credit, 0, bytes(0, 0, 0))],
  ['credit for a pull', pull, (send) => send(FrameType.credit, 0, number(0))],
  ['a command that is done', cat, (send) => send(FrameType.done, 0)],
  ['a job that has started', sync, (send) => send(FrameType.started, 0, number(1))],
  ['a push with content', push, (send) => send(FrameType.data, 0, bytes(1))],
  ['the end of a pull', pull, (send) => (send(FrameType.started, 0), send(FrameType.end, 0))],
  ['done with words', sync, (send) => send(FrameType.done, 0, bytes(1))],
  ['a request', cat, (send) => send(FrameType.request, 0, cat)],
  ['an OPEN', cat, (_send, guest) => guest.socket.write(encodeOpen(Buffer.alloc(8, 1)))],
  ['a type that nobody knows', cat, (send) => send(99, 0)],
  ['a HELLO to nobody', cat, (_send, guest) => guest.socket.write(encodeHello(Buffer.alloc(8, 9), 1))],
  ['a short HELLO', cat, (_send, guest) => guest.send(FrameType.hello, 0, 0, bytes(1))],
  ['a PONG of 65 bytes', cat, (_send, guest) => guest.send(FrameType.pong, 0, 1, Buffer.alloc(65))],
  ['garbage', cat, (_send, guest) => void guest.socket.write('login: ')],
  [
    'a frame that is too long',
    cat,
    (_send, guest) => {
      const header = encodeFrame(FrameType.data, 1, 1);
      header.writeUInt32LE(PAYLOAD_MAX + 1, 12);
      guest.socket.write(header);
    },
  ],
];

describe('a guest that breaks the protocol', () => {
  let guest: HostileGuest;
  beforeEach(async () => {
    board = await Switchboard.start(program, temporaryFolder(scope), scope);
    guest = await board.guest();
    guest.greet();
  });

  test.each(VIOLATIONS)('by %s ends the sessions, and nothing else', async (_what, request, violate) => {
    const [client, idle] = await Promise.all([board.client(), board.client()]);
    client.send(FrameType.request, 0, 5, request);
    const { channel } = await guest.next(FrameType.request);
    const { opens } = guest;
    violate((type, flag, payload) => guest.send(type, flag, channel, payload), guest, channel);
    expect(reasonOf(await client.next(FrameType.hello))).toBe('garbage');
    expect(reasonOf(await idle.next(FrameType.hello))).toBe('garbage');
    await until(() => guest.opens > opens, { awaited: 'it is asked for another session' });
    const next = await board.client();
    next.send(FrameType.request, 0, 5, cat);
    const { channel: other } = await guest.next(FrameType.request);
    guest.send(FrameType.started, 0, other, number(1));
    await next.next(FrameType.started);
  });

  test('by random bytes is survived', { timeout: 300_000 }, async () => {
    const random = new Random(1);
    for (let round = 0; round < 100; round += 1) {
      const client = await board.client();
      for (let channel = 1; channel < 6; channel += 1) {
        client.send(FrameType.request, 0, channel, random.pick([cat, push, pull, sync]));
        if (channel < 3) client.send(FrameType.data, 0, channel, Buffer.alloc(1000));
      }
      const { channel: seen } = await guest.next(FrameType.request);
      for (let count = 0; count < 40; count += 1) {
        const channel = random.pick([seen, seen + random.below(5), random.below(1000)]);
        const payload = random.pick([
          number(random.below(3) * 1000),
          random.bytes(random.below(600)),
          bytes(),
        ]);
        const frame = encodeFrame(random.below(18), random.below(4), channel, payload);
        if (random.below(30) === 0) frame[random.below(frame.length)] = random.below(256);
        guest.socket.write(random.below(40) === 0 ? random.bytes(random.below(50)) : frame);
      }
      client.socket.destroy();
      // Resynchronized: zeros end any frame that the keeper may be in.
      guest.socket.write(Buffer.alloc(PAYLOAD_MAX));
      guest.greet();
      guest.frames.length = 0;
    }
    await board.client();
  });

  test('by speaking only another version is reported to each client', async () => {
    guest.version = 0;
    guest.greet();
    for (let round = 0; round < 2; round += 1) {
      const hello = await (await board.open()).next(FrameType.hello);
      expect(hello.payload.readUInt16LE(8)).toBe(0);
    }
  });

  test('cannot extend its credit by small pieces', async () => {
    const client = await board.client();
    client.send(FrameType.request, 0, 5, cat);
    const { channel } = await guest.next(FrameType.request);
    client.socket.pause();
    guest.send(FrameType.started, 0, channel, number(1));
    const before = residentBytes(board.keeper.pid);
    const content = Buffer.from(Array.from({ length: WINDOW }, (_, index) => index % 251));
    for (const stream of [1, 2]) {
      const frames = Array.from(content, (_, index) =>
        encodeFrame(FrameType.data, stream, channel, content.subarray(index, index + 1)),
      );
      guest.socket.write(Buffer.concat(frames));
      guest.send(FrameType.end, stream, channel);
    }
    guest.send(FrameType.exit, 0, channel, bytes(0, 0));
    // Answered after all of that.
    await board.client();
    // 9 MB of frames arrived; the limit includes AddressSanitizer’s own bookkeeping.
    expect(residentBytes(board.keeper.pid)).toBeLessThan(before + 3 * 1024 * 1024);
    client.socket.resume();
    await client.next(FrameType.exit);
    await until(() => client.frames.filter(({ type }) => type === FrameType.end).length === 2, {
      awaited: 'both have ended',
    });
    for (const stream of [1, 2]) {
      const got = client.frames.filter(({ type, flag }) => type === FrameType.data && flag === stream);
      expect(Buffer.concat(got.map(({ payload }) => payload)).equals(content)).toBe(true);
    }
  });
});
