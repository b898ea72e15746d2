import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isRunning, temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { until } from '../../../../until.ts';
import { GuestClosedError } from '../../../../../src/errors/index.ts';
import { GuestAgent } from '../../../../../src/guest/agent/agent.ts';
import { encodeCommand } from '../../../../../src/guest/agent/command.ts';
import { FieldWriter, Operation, Tag } from '../../../../../src/guest/agent/fields.ts';
import { FLAG_MORE, FrameType, PAYLOAD_MAX } from '../../../../../src/guest/agent/agent-frame.ts';
import { encodeOpen } from '../../../../../src/guest/agent/greeting.ts';
import { agentProgram } from '../../../../../src/machine/paths/package-files.ts';
import { keeperProgram } from '../../../../../src/process/native/keeper-program.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { Switchboard, reasonOf } from './lab.ts';
import { echoes, pidOf } from './words.ts';

const agent = agentProgram();
let scope: Scope, folder: string, board: Switchboard;

beforeEach(async () => {
  scope = new Scope();
  folder = temporaryFolder(scope);
  board = await Switchboard.start(keeperProgram(), folder, scope, agent);
});
afterEach(async () => scope.close());

describe('a client that disconnects', () => {
  test('ends its commands, even those that ignore SIGHUP, and affects no other client', async () => {
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
    await until(() => !pids.some(isRunning), { awaited: 'they are gone' });
    long.stdin.end('still here\n');
    expect((await long).stdout.toString()).toBe('here\nstill here\n');
  });

  test('leaves no partial file of a push, and its pull ends', async () => {
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
    await until(() => existsSync(join(folder, 'sub')) && readdirSync(join(folder, 'sub')).length > 0, {
      awaited: 'a temporary file is there',
    });
    await leaving.next(FrameType.started);
    leaving.socket.destroy();
    await until(() => readdirSync(join(folder, 'sub')).length === 0, { awaited: 'it is gone' });
    await echoes(await board.attach(), 'next');
  });

  test('in the middle of a long request does not disturb the others', async () => {
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
  test('ends its commands when a new OPEN replaces it', async () => {
    const socket = await board.connect();
    const first = await GuestAgent.attach(socket, { timeoutMs: 60_000 });
    const file = join(folder, 'pid');
    first.exec(['sh', '-c', `echo $$ > ${file}; exec sleep 1000`]);
    const pid = await pidOf(file);
    socket.removeAllListeners('data');
    const second = await GuestAgent.attach(socket, { timeoutMs: 60_000 });
    await until(() => !isRunning(pid), { awaited: 'the command of the first is gone' });
    await echoes(second, 'second');
  });

  test('ends with its agent; a session without an answer yet gets the next agent', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sleep', '1000']);
    const other = await board.client();
    await board.control('restart');
    await expect(command).rejects.toThrow('the guest agent restarted');
    await expect(command).rejects.toBeInstanceOf(GuestClosedError);
    expect(reasonOf(await other.next(FrameType.hello))).toBe('started');
    await echoes(await board.attach(), 'next');
    // The same connection may begin another one.
    other.socket.write(encodeOpen(Buffer.from('again...')));
    expect(reasonOf(await other.next(FrameType.hello))).toBe('answer');
  });

  test('ends with its connection when the guest closes the port', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sleep', '1000']);
    await board.portChanged(false);
    await expect(command).rejects.toThrow('the connection to the guest agent was closed');
    await echoes(await board.attach(), 'next');
  });

  test('ends when the port is opened again, and not by a late event', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sleep', '1000']);
    await board.portChanged(true, Date.now() - 60_000);
    await board.portChanged(false, Date.now() - 60_000);
    await echoes(guest, 'both were heard');
    await until(() => board.lab.events().length === 2, { awaited: 'both are in the log' });
    await echoes(guest, 'and are of no meaning');
    await board.portChanged(true, Date.now() + 1000);
    await expect(command).rejects.toBeInstanceOf(GuestClosedError);
  });

  test('ends when the memory of a snapshot is loaded, and not later, when QEMU tells of the port', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sleep', '1000']);
    await board.jobChanged('vmlet-snapshot-save-1', 'concluded');
    await board.jobChanged('vmlet-snapshot-load-1', 'running');
    await echoes(guest, 'not ended yet');
    const resumed = Date.now();
    await board.jobChanged('vmlet-snapshot-load-1', 'concluded');
    await expect(command).rejects.toThrow('the connection to the guest agent was closed');
    const next = await board.attach();
    const running = next.exec(['cat'], { stdin: 'pipe' });
    await board.portChanged(true, resumed);
    await until(() => board.lab.events().length === 4, { awaited: 'all are in the log' });
    running.stdin.end('still here');
    expect((await running).stdout.toString()).toBe('still here');
  });

  test('delivers the last output of a guest that ends', async () => {
    const guest = await board.attach();
    const command = guest.exec(['sh', '-c', 'head -c 3000000 /dev/zero; read line; echo last'], {
      stdin: 'pipe',
    });
    await until(async () => (await guest.ping()) > 0, { awaited: 'it has come so far' });
    command.stdin.end('\n');
    expect((await command).stdout.length).toBe(3_000_005);
    const next = guest.exec(['sleep', '1000']);
    await board.control('end');
    await expect(next).rejects.toBeInstanceOf(GuestClosedError);
    await board.keeper.ended;
    expect(existsSync(board.lab.agentPath)).toBe(false);
  });
});
