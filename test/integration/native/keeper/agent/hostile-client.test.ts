import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { Random } from '../../../../../fixtures/agent/random.ts';
import { until } from '../../../../until.ts';
import { GuestProtocolError } from '../../../../../src/errors/index.ts';
import {
  FLAG_MORE,
  FrameType,
  PAYLOAD_MAX,
  REQUEST_MAX,
  encodeFrame,
} from '../../../../../src/guest/agent/agent-frame.ts';
import { encodeOpen } from '../../../../../src/guest/agent/greeting.ts';
import { GuestAgent } from '../../../../../src/guest/agent/agent.ts';
import { agentProgram } from '../../../../../src/machine/paths/package-files.ts';
import { keeperProgram } from '../../../../../src/process/native/keeper-program.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { sanitizedKeeper } from '../keeper-lab.ts';
import { Switchboard, closeSanitized, encodeHello, reasonOf } from './lab.ts';
import { bytes, cat, number, pull, sleep, sync } from './words.ts';

const agent = agentProgram();
let program: string, scope: Scope, board: Switchboard;

beforeAll(async () => {
  program = await sanitizedKeeper();
});
beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => closeSanitized(board, scope));

/** Fifty inputs that no client of ours sends. */
function malformed(): [string, Buffer][] {
  const random = new Random(7);
  const header = (change: (bytes: Buffer) => void): Buffer => {
    const frame = encodeFrame(FrameType.request, 0, 9, cat);
    change(frame);
    return frame;
  };
  const frame = (type: number, flag: number, channel: number, payload: Buffer = bytes()): Buffer =>
    encodeFrame(type, flag, channel, payload);
  const run = frame(FrameType.request, 0, 9, sleep);
  const running = (...more: Buffer[]): Buffer => Buffer.concat([run, ...more]);
  const fixed: [string, Buffer][] = [
    ['text', Buffer.from('GET / HTTP/1.0\r\n\r\n')],
    ['ones', Buffer.alloc(100_000, 0xff)],
    ['magics', Buffer.from('VML\xf7'.repeat(1000), 'latin1')],
    ['a wrong check', header((one) => one.writeUInt16LE(one.readUInt16LE(6) ^ 1, 6))],
    ['a wrong length', header((one) => one.writeUInt32LE(0xffffffff, 12))],
    ['a short OPEN', frame(FrameType.open, 0, 0, bytes(1, 2))],
    ['a HELLO', encodeHello(Buffer.from('a client'), 1)],
    ['a PONG', frame(FrameType.pong, 0, 1)],
    ['a long PING', frame(FrameType.ping, 0, 1, Buffer.alloc(65))],
    ['a STARTED', frame(FrameType.started, 0, 1, number(1))],
    ['an EXIT', frame(FrameType.exit, 0, 1, bytes(0, 0))],
    ['a DONE', frame(FrameType.done, 0, 1)],
    ['a FAILED', frame(FrameType.failed, 0, 1)],
    ['type 0', frame(0, 0, 1)],
    ['type 255', frame(255, 0, 1)],
    ['a request on channel 0', frame(FrameType.request, 0, 0, cat)],
    ['a request on a channel in use', running(run)],
    [
      'another request within one',
      Buffer.concat([frame(FrameType.request, FLAG_MORE, 9, cat), frame(FrameType.request, 0, 10, cat)]),
    ],
    [
      'a request that is too long',
      Buffer.concat(
        Array.from({ length: REQUEST_MAX / 16_384 + 1 }, () =>
          frame(FrameType.request, FLAG_MORE, 9, Buffer.alloc(16_384)),
        ),
      ),
    ],
    [
      'content above credit',
      // A pipe may have consumed some of it, and credit may have been returned for that.
      running(...Array.from({ length: 20 }, () => frame(FrameType.data, 0, 9, Buffer.alloc(32_000)))),
    ],
    ['content of stream 1', running(frame(FrameType.data, 1, 9, bytes(1)))],
    [
      'content for a pull',
      Buffer.concat([frame(FrameType.request, 0, 9, pull), frame(FrameType.data, 0, 9, bytes(1))]),
    ],
    ['content after the end', running(frame(FrameType.end, 0, 9), frame(FrameType.data, 0, 9, bytes(1)))],
    ['the end of stream 2', running(frame(FrameType.end, 2, 9))],
    ['credit for nothing', running(frame(FrameType.credit, 1, 9, number(1)))],
    ['all credit there is', running(frame(FrameType.credit, 2, 9, number(0xffffffff)))],
    ['credit of stream 0', running(frame(FrameType.credit, 0, 9, number(0)))],
    ['credit of 5 bytes', running(frame(FrameType.credit, 1, 9, Buffer.alloc(5)))],
    ['signal 0', running(frame(FrameType.signal, 0, 9, bytes(0)))],
    ['signal 65', running(frame(FrameType.signal, 0, 9, bytes(65)))],
    ['a signal of no bytes', running(frame(FrameType.signal, 0, 9))],
    ['a size of 3 bytes', running(frame(FrameType.resize, 0, 9, bytes(1, 2, 3)))],
    ['a command that is cancelled', running(frame(FrameType.cancel, 0, 9))],
  ];
  const rest = Array.from({ length: 50 - fixed.length }, (_, index): [string, Buffer] => [
    `bytes of seed ${index}`,
    Buffer.concat([bytes(1), random.bytes(1 + random.below(3000))]),
  ]);
  return [...fixed, ...rest];
}

describe('a client that breaks the protocol', () => {
  test('ends only its own session, in fifty ways', { timeout: 120_000 }, async () => {
    board = await Switchboard.start(program, temporaryFolder(scope), scope, agent);
    const witness = await board.attach();
    const long = witness.exec(['cat'], { stdin: 'pipe' });
    for (const [what, words] of malformed()) {
      const client = await board.client();
      client.socket.write(words);
      expect(reasonOf(await client.next(FrameType.hello)), what).toBe('garbage');
      // It may open a new session on the same connection, as with the agent itself.
      client.socket.write(
        Buffer.concat([Buffer.alloc(PAYLOAD_MAX), encodeOpen(Buffer.from('once more'.slice(0, 8)))]),
      );
      await until(() => client.frames.some((frame) => reasonOf(frame) === 'answer'), {
        awaited: 'it is answered',
      });
      client.socket.destroy();
      expect(witness.failure, what).toBeUndefined();
    }
    long.stdin.end('all the time');
    expect((await long).stdout.toString()).toBe('all the time');
  });

  test('with random bytes delays no other client', { timeout: 300_000 }, async () => {
    board = await Switchboard.start(program, temporaryFolder(scope), scope, agent);
    const witness = await board.attach();
    const random = new Random(3);
    const piece = (): Buffer => {
      const payload = random.pick([
        cat,
        sync,
        number(random.below(70_000)),
        random.bytes(random.below(300)),
        Buffer.alloc(20_000),
      ]);
      const frame = encodeFrame(
        random.pick([3, 5, 5, 6, 6, 7, 8, 9, 10, 11, random.below(20)]),
        random.below(3),
        random.below(6),
        payload,
      );
      if (random.below(20) === 0) frame[random.below(frame.length)] = random.below(256);
      return frame;
    };
    for (let round = 0; round < 60; round += 1) {
      const client = await board.client();
      if (random.below(3) === 0) client.socket.pause();
      for (let count = 0; count < 30; count += 1) {
        client.socket.write(piece());
        if (random.below(15) === 0) client.socket.write(encodeOpen(random.bytes(8)));
      }
      client.socket[random.below(2) ? 'destroy' : 'end']();
      const { stdout } = await witness.exec(['cat'], { input: `round ${round}` });
      expect(stdout.toString()).toBe(`round ${round}`);
    }
  });

  test('receives the library’s error for it', async () => {
    board = await Switchboard.start(keeperProgram(), temporaryFolder(scope), scope, agent);
    const socket = await board.connect();
    const guest = await GuestAgent.attach(socket, { timeoutMs: 60_000 });
    const command = guest.exec(['sleep', '1000']);
    socket.write('garbage');
    await expect(command).rejects.toBeInstanceOf(GuestProtocolError);
  });
});
