import { setImmediate } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attachPlayed } from '../../../../fixtures/agent/played-agent.ts';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import type { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import {
  type Frame,
  FrameDecoder,
  FrameType,
  Stream,
  encodeFrame,
} from '../../../../src/guest/agent/agent-frame.ts';
import { ExecFlag, Tag, readFields } from '../../../../src/guest/agent/fields.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { until } from '../../../until.ts';

const CHANNEL = 1;
const EXITED = encodeFrame(FrameType.exit, 0, CHANNEL, Buffer.from([0, 0]));
const OUTPUT_ENDED = [Stream.output, Stream.error].map((flag) => encodeFrame(FrameType.end, flag, CHANNEL));
const INPUT_CLOSED = encodeFrame(FrameType.end, Stream.input, CHANNEL);

let scope: Scope, guest: GuestAgent, agent: Socket;

beforeEach(async () => {
  scope = new Scope();
  ({ guest, agent } = await attachPlayed(scope));
});
afterEach(async () => scope.close());

/** Neither gives anything nor ends. */
const silent = (): Readable => new Readable({ read: () => undefined });

describe('the source of the input of a command', () => {
  test('is closed at the end of the command', async () => {
    const input = silent();
    const command = guest.exec(['true'], { input });
    agent.write(Buffer.concat([EXITED, ...OUTPUT_ENDED]));
    expect(await command).toMatchObject({ exitCode: 0 });
    await until(() => input.destroyed);
  });

  test('is closed when the command cannot be started', async () => {
    const input = silent();
    const command = guest.exec(['echo', 'x'.repeat(2 ** 20)], { input });
    await expect(command).rejects.toThrow();
    await until(() => input.destroyed);
  });

  test('is closed when it is endless, and the command reads no more', async () => {
    let isClosed = false;
    const input = (async function* () {
      try {
        for (;;) {
          await setImmediate();
          yield Buffer.alloc(1000);
        }
      } finally {
        isClosed = true;
      }
    })();
    const command = guest.exec(['head', '-c1'], { input });
    agent.write(INPUT_CLOSED);
    await until(() => isClosed);
    agent.write(Buffer.concat([EXITED, ...OUTPUT_ENDED]));
    expect(await command).toMatchObject({ exitCode: 0 });
  });

  test('is closed when the command is given up', async () => {
    const input = silent();
    const giveUp = new AbortController();
    const command = guest.exec(['cat'], { input, signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(command).rejects.toThrow('enough');
    await until(() => input.destroyed);
  });

  test('is closed when the signal is already aborted, and nothing is sent', async () => {
    const received: Buffer[] = [];
    agent.on('data', (chunk: Buffer) => received.push(chunk));
    const input = silent();
    const command = guest.exec(['cat'], { input, signal: AbortSignal.abort(new Error('too late')) });
    await expect(command).rejects.toThrow('too late');
    await expect(command.stdout.toArray()).rejects.toThrow('too late');
    await until(() => input.destroyed);
    const ping = guest.ping();
    await until(() => received.length > 0);
    agent.write(encodeFrame(FrameType.pong, 0, 2));
    await ping;
    expect([...new FrameDecoder().push(Buffer.concat(received))]).toMatchObject([{ type: FrameType.ping }]);
  });

  test('is closed when the connection is lost', async () => {
    const input = silent();
    const command = guest.exec(['cat'], { input });
    agent.destroy();
    await expect(command).rejects.toMatchObject({ code: 'VMLET_GUEST_CLOSED' });
    await until(() => input.destroyed);
  });

  test('still fails the command when the source itself fails', async () => {
    const input = silent();
    const command = guest.exec(['cat'], { input });
    input.destroy(new Error('unreadable'));
    await expect(command).rejects.toThrow('unreadable');
  });
});

test('the empty stdin of a terminal ends at once, and cannot be written', async () => {
  const decoder = new FrameDecoder();
  const received: Frame[] = [];
  agent.on('data', (chunk) => received.push(...decoder.push(chunk)));
  const command = guest.exec(['cat'], { tty: { rows: 24, columns: 80 }, stdin: 'empty' });
  expect(() => command.stdin).toThrow(InvalidInputError);
  await until(() => received.length === 2);
  const [request, end] = received;
  const flags = readFields(request?.payload ?? Buffer.alloc(0))?.get(Tag.flags);
  expect(flags?.readUInt32LE(0)).toBe(ExecFlag.input | ExecFlag.terminal);
  expect(end).toMatchObject({ type: FrameType.end, flag: Stream.input });
});
