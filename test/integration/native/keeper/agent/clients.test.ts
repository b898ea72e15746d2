import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { until } from '../../../../until.ts';
import { GuestCommandError } from '../../../../../src/errors/index.ts';
import { encodeCommand } from '../../../../../src/guest/agent/command.ts';
import {
  FLAG_MORE,
  FrameType,
  PAYLOAD_MAX,
  WINDOW,
  encodeFrame,
} from '../../../../../src/guest/agent/agent-frame.ts';
import { encodeOpen } from '../../../../../src/guest/agent/greeting.ts';
import { agentProgram } from '../../../../../src/machine/paths/package-files.ts';
import { keeperProgram } from '../../../../../src/process/native/keeper-program.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { residentBytes } from '../keeper-lab.ts';
import { Switchboard } from './lab.ts';
import { echoes, pidOf } from './words.ts';

const agent = agentProgram();
let scope: Scope, folder: string, board: Switchboard;

beforeEach(async () => {
  scope = new Scope();
  folder = temporaryFolder(scope);
  board = await Switchboard.start(keeperProgram(), folder, scope, agent);
});
afterEach(async () => scope.close());

/** A client that has a session, runs `sh -c script` and never reads again. */
async function deafClient(script: string): Promise<void> {
  const socket = await board.connect();
  socket.write(encodeOpen(Buffer.from('deaf one')));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  socket.write(encodeFrame(FrameType.request, 0, 1, encodeCommand(['sh', '-c', script], {})));
}

describe('clients of one agent', () => {
  test('are served twenty at once, beside one that does not read and one that floods', async () => {
    const stalled = join(folder, 'stalled');
    await deafClient(`echo $$ > ${stalled}; exec cat /dev/zero`);
    await pidOf(stalled);
    const flooding = await board.attach();
    const flood = flooding.exec(['sh', '-c', 'exec cat /dev/zero'], { stdin: 'pipe' });
    flood.stdout.resume();
    const filling = flooding.exec(['sleep', '1000'], { stdin: 'pipe' });
    filling.stdin.write(Buffer.alloc(8 * WINDOW));
    const before = residentBytes(board.keeper.pid);
    const guests = await Promise.all(Array.from({ length: 20 }, async () => board.attach()));
    await Promise.all(
      guests.map(async (guest, index) => {
        const path = join(folder, `file-${index}`);
        const content = Buffer.alloc(3_000_000, `${index},`);
        await echoes(guest, `I am ${index}`);
        await guest.push(content, path);
        expect((await guest.readFile(path)).equals(content)).toBe(true);
        expect(await guest.ping()).toBeGreaterThan(0);
        expect((await guest.exec(['sh', '-c', 'exit 7'])).exitCode).toBe(7);
      }),
    );
    // Buffers of 22 connections, and a window for each stream without a reader.
    expect(residentBytes(board.keeper.pid)).toBeLessThan(before + 8 * 1024 * 1024);
    filling.kill('SIGKILL');
    flood.kill('SIGKILL');
  });

  test('number their channels independently', async () => {
    const [one, other] = await Promise.all([board.client(), board.client()]);
    const request = (text: string): Buffer =>
      encodeCommand(['sh', '-c', `echo ${text}; cat`], { stdin: 'pipe' });
    one.send(FrameType.request, 0, 7, request('one'));
    other.send(FrameType.request, 0, 7, request('other'));
    for (const [peer, text] of [
      [one, 'one\n'],
      [other, 'other\n'],
    ] as const) {
      expect(await peer.next(FrameType.data)).toMatchObject({
        channel: 7,
        flag: 1,
        payload: Buffer.from(text),
      });
      peer.send(FrameType.data, 0, 7, Buffer.from(text));
      expect((await peer.next(FrameType.data)).payload.toString()).toBe(text);
      peer.send(FrameType.end, 0, 7);
      expect((await peer.next(FrameType.exit)).payload).toEqual(Buffer.from([0, 0]));
    }
  });

  test('can stop in the middle of a request, and can send long requests', async () => {
    const half = await board.client();
    const body = encodeCommand(['true', 'x'.repeat(100_000)], {});
    half.send(FrameType.request, FLAG_MORE, 1, body.subarray(0, PAYLOAD_MAX));
    const guests = await Promise.all(Array.from({ length: 4 }, async () => board.attach()));
    // Longer than all buffers on the way, so that others connect while it is being sent.
    const words = Array<string>(9).fill('y'.repeat(100_000));
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(
        guests.map(async (guest, index) => {
          const { stdout } = await guest.exec(['sh', '-c', 'echo $#', 'sh', ...words.slice(index)]);
          expect(stdout.toString()).toBe(`${9 - index}\n`);
          await echoes(guest, 'short');
        }),
      );
    }
    half.socket.destroy();
    await Promise.all(guests.map(async (guest) => echoes(guest, 'still there')));
  });

  test('share the channels: a client that wants all leaves some for the others', async () => {
    const greedy = await board.attach();
    const many = Array.from({ length: 300 }, () => greedy.exec(['sleep', '1000']));
    const results = many.map(async (one) =>
      one.then(
        () => 'ended',
        (error: unknown) => error,
      ),
    );
    const refused = await Promise.all(results.slice(128));
    expect(
      refused.every((error) => error instanceof GuestCommandError && error.message.includes('EAGAIN')),
    ).toBe(true);
    const other = await board.attach();
    await Promise.all(Array.from({ length: 60 }, async (_, index) => echoes(other, `${index}`)));
    await greedy.close();
    await until(
      async () => {
        const more = await Promise.all(
          Array.from({ length: 100 }, async () =>
            other.exec(['true']).then(
              () => true,
              () => false,
            ),
          ),
        );
        return more.every(Boolean);
      },
      { awaited: 'its commands are gone' },
    );
  });

  test('are notified when input is no longer read, and when a reader is slow', async () => {
    const guest = await board.attach();
    const { exitCode } = await guest.exec(['true'], { input: Buffer.alloc(5_000_000) });
    expect(exitCode).toBe(0);
    const slow = await guest.exec(['sh', '-c', 'sleep 0.2; wc -c'], { input: Buffer.alloc(5_000_000) });
    expect(slow.stdout.toString().trim()).toBe('5000000');
  });
});
