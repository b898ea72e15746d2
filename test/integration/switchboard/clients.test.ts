import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { buildAgent, isRunning, temporaryFolder } from '../../../fixtures/agent/agent-process.ts';
import { until } from '../../../fixtures/agent/until.ts';
import { GuestClosedError, GuestCommandError } from '../../../src/errors/index.ts';
import { GuestAgent } from '../../../src/guest/agent/agent.ts';
import { encodeCommand } from '../../../src/guest/agent/command.ts';
import { FieldWriter, Operation, Tag } from '../../../src/guest/agent/fields.ts';
import { FLAG_MORE, FrameType, PAYLOAD_MAX, WINDOW, encodeFrame } from '../../../src/guest/agent/frame.ts';
import { encodeOpen } from '../../../src/guest/agent/greeting.ts';
import { keeperProgram } from '../../../src/process/native/keeper-program.ts';
import { Scope } from '../../../src/util/scope.ts';
import { residentBytes } from '../process/keeper-lab.ts';
import { Switchboard, reasonOf } from './lab.ts';

const suite = new Scope();
let agent: string, scope: Scope, folder: string, board: Switchboard;

beforeAll(async () => {
  agent = await buildAgent(temporaryFolder(suite));
});
afterAll(async () => suite.close());
beforeEach(async () => {
  scope = new Scope();
  folder = temporaryFolder(scope);
  board = await Switchboard.start(keeperProgram(), folder, scope, agent);
});
afterEach(async () => scope.close());

async function echoes(guest: GuestAgent, words: string): Promise<void> {
  expect((await guest.exec(['cat'], { input: words })).stdout.toString()).toBe(words);
}

/** Its pid, once it runs. */
async function pidOf(file: string): Promise<number> {
  const read = (): string => readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  await until('a command has written its pid', () => read().endsWith('\n'));
  return Number(read());
}

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
    // Buffers of 22 connections, and a window for each stream that somebody does not read.
    expect(residentBytes(board.keeper.pid)).toBeLessThan(before + 8 * 1024 * 1024);
    filling.kill('SIGKILL');
    flood.kill('SIGKILL');
  });

  test('have numbers of their own', async () => {
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

  test('may stop in the middle of a request, and may make long ones', async () => {
    const half = await board.client();
    const body = encodeCommand(['true', 'x'.repeat(100_000)], {});
    half.send(FrameType.request, FLAG_MORE, 1, body.subarray(0, PAYLOAD_MAX));
    const guest = await board.attach();
    await Promise.all([
      echoes(guest, 'short'),
      guest.exec(['sh', '-c', 'test ${#1} = 100000', 'sh', 'y'.repeat(100_000)]).then(({ exitCode }) => {
        expect(exitCode).toBe(0);
      }),
    ]);
    half.socket.destroy();
    await echoes(guest, 'still there');
  });

  test('share the channels: one that wants all leaves some for the others', async () => {
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
    await until('its commands are gone', async () => {
      const more = await Promise.all(
        Array.from({ length: 100 }, async () =>
          other.exec(['true']).then(
            () => true,
            () => false,
          ),
        ),
      );
      return more.every(Boolean);
    });
  });

  test('are told of an input that is not read any more, and of one that is slow', async () => {
    const guest = await board.attach();
    const { exitCode } = await guest.exec(['true'], { input: Buffer.alloc(5_000_000) });
    expect(exitCode).toBe(0);
    const slow = await guest.exec(['sh', '-c', 'sleep 0.2; wc -c'], { input: Buffer.alloc(5_000_000) });
    expect(slow.stdout.toString().trim()).toBe('5000000');
  });
});

describe('a client that leaves', () => {
  test('takes its commands with it, those that ignore SIGHUP too, and nobody else notices', async () => {
    const witness = await board.attach();
    const long = witness.exec(['sh', '-c', 'echo here; read line; echo $line'], { stdin: 'pipe' });
    const leaving = await board.attach();
    const [tame, stubborn, chatty] = ['tame', 'stubborn', 'chatty'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    leaving.exec(['sh', '-c', `echo $$ > ${tame}; exec sleep 1000`]);
    leaving.exec(['sh', '-c', `trap "" HUP TERM; echo $$ > ${stubborn}; while :; do sleep 0.1; done`]);
    leaving.exec(['sh', '-c', `trap "" HUP; echo $$ > ${chatty}; exec cat /dev/zero`]).stdout.pause();
    const pids = await Promise.all([tame, stubborn, chatty].map(pidOf));
    await leaving.close();
    await until('they are gone', () => !pids.some(isRunning));
    long.stdin.end('still here\n');
    expect((await long).stdout.toString()).toBe('here\nstill here\n');
  });

  test('leaves no file behind that it was pushing, and a pull ends', async () => {
    const target = join(folder, 'sub/pushed');
    const leaving = await board.client();
    leaving.send(
      FrameType.request,
      0,
      1,
      new FieldWriter(Operation.push).text(Tag.path, target).u32(Tag.flags, 1).toBuffer(),
    );
    leaving.send(FrameType.data, 0, 1, Buffer.alloc(1000));
    leaving.send(FrameType.request, 0, 2, new FieldWriter(Operation.pull).text(Tag.path, agent).toBuffer());
    await until(
      'a temporary file is there',
      () => existsSync(join(folder, 'sub')) && readdirSync(join(folder, 'sub')).length > 0,
    );
    await leaving.next(FrameType.started);
    leaving.socket.destroy();
    await until('it is gone', () => readdirSync(join(folder, 'sub')).length === 0);
    await echoes(await board.attach(), 'next');
  });

  test('in the middle of a long request leaves the others in order', async () => {
    const witness = await board.attach();
    for (let round = 0; round < 20; round += 1) {
      const leaving = await board.client();
      const body = encodeCommand(['sleep', '1000', ...Array<string>(9).fill('x'.repeat(100_000))], {});
      for (let at = 0; at < body.length; at += PAYLOAD_MAX) {
        const more = at + PAYLOAD_MAX < body.length ? FLAG_MORE : 0;
        leaving.send(FrameType.request, more, 1, body.subarray(at, at + PAYLOAD_MAX));
      }
      leaving.socket.end();
      await echoes(witness, `round ${round}`);
    }
  });
});

describe('a session', () => {
  test('that a new OPEN replaces takes its commands with it', async () => {
    const socket = await board.connect();
    const first = await GuestAgent.attach(socket, { timeoutMs: 60_000 });
    const file = join(folder, 'pid');
    first.exec(['sh', '-c', `echo $$ > ${file}; exec sleep 1000`]);
    const pid = await pidOf(file);
    socket.removeAllListeners('data');
    const second = await GuestAgent.attach(socket, { timeoutMs: 60_000 });
    await until('the command of the first is gone', () => !isRunning(pid));
    await echoes(second, 'second');
  });

  test('ends with its agent; one that was not answered yet is answered by the next', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sleep', '1000']);
    const other = await board.client();
    await board.control('restart');
    await expect(command).rejects.toThrow('the guest agent started anew');
    await expect(command).rejects.toBeInstanceOf(GuestClosedError);
    expect(reasonOf(await other.next(FrameType.hello))).toBe('started');
    await echoes(await board.attach(), 'next');
    // The same connection may begin another one.
    other.socket.write(encodeOpen(Buffer.from('again...')));
    expect(reasonOf(await other.next(FrameType.hello))).toBe('answer');
  });

  test('ends where the guest closes the port, by the end of its connection', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sleep', '1000']);
    await board.portChanged(false);
    await expect(command).rejects.toThrow('the connection to the guest agent is closed');
    await echoes(await board.attach(), 'next');
  });

  test('ends where the port was opened after it began, and not by what is heard late', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sleep', '1000']);
    await board.portChanged(true, Date.now() - 60_000);
    await board.portChanged(false, Date.now() - 60_000);
    await echoes(guest, 'both were heard');
    await until('both are in the log', () => board.lab.events().length === 2);
    await echoes(guest, 'and are of no meaning');
    await board.portChanged(true, Date.now() + 1000);
    await expect(command).rejects.toBeInstanceOf(GuestClosedError);
  });

  test('hears the last words of a guest that ends', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sh', '-c', 'head -c 3000000 /dev/zero; read line; echo last'], {
      stdin: 'pipe',
    });
    await until('it has come so far', async () => (await guest.ping()) > 0);
    command.stdin.end('\n');
    expect((await command).stdout.length).toBe(3_000_005);
    const next = guest.exec(['sleep', '1000']);
    await board.control('end');
    await expect(next).rejects.toBeInstanceOf(GuestClosedError);
    await board.keeper.ended;
    expect(existsSync(board.lab.agentPath)).toBe(false);
  });
});
