import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../../fixtures/agent/agent-process.ts';
import { until } from '../../../../until.ts';
import { encodeCommand } from '../../../../../src/guest/agent/command.ts';
import { encodeConfiguration } from '../../../../../src/guest/agent/configuration.ts';
import { Phase, Tag } from '../../../../../src/guest/agent/fields.ts';
import { FrameType } from '../../../../../src/guest/agent/agent-frame.ts';
import { OutputLogReader, type OutputPart } from '../../../../../src/machine/logs/output-log.ts';
import { agentProgram } from '../../../../../src/machine/paths/package-files.ts';
import { Scope } from '../../../../../src/util/scope.ts';
import { type KeeperLab, sanitizedKeeper } from '../keeper-lab.ts';
import { Switchboard, closeSanitized } from './lab.ts';

const agent = agentProgram();
let keeper: string, scope: Scope, board: Switchboard;

beforeAll(async () => {
  keeper = await sanitizedKeeper();
});
beforeEach(() => {
  scope = new Scope();
});
afterEach(async () => closeSanitized(board, scope));

interface Wish {
  readonly mounts?: Buffer;
  readonly patienceSeconds?: number;
  readonly withoutAgent?: true;
  readonly afterwards?: string;
  readonly keeper?: string;
  readonly cwd?: string;
  readonly user?: string;
}

async function machineOf(argv: readonly string[], wish: Wish = {}): Promise<void> {
  const options = (lab: KeeperLab) => {
    writeFileSync(
      lab.path('request'),
      encodeCommand(argv, { env: { WORD: 'hello' }, cwd: wish.cwd, user: wish.user }),
    );
    if (wish.afterwards !== undefined) {
      writeFileSync(
        lab.path('after'),
        ['/bin/sh', '-c', wish.afterwards, 'sh', lab.directory, ''].join('\0'),
      );
    }
    if (wish.mounts) writeFileSync(lab.path('mounts'), wish.mounts.toString('hex'));
    return {
      ...(wish.mounts && { mountsPath: lab.path('mounts') }),
      guestCommand: {
        requestPath: lab.path('request'),
        logPath: lab.path('output.log'),
        patienceSeconds: wish.patienceSeconds ?? 0,
      },
      ...(wish.afterwards !== undefined && { afterwardsPath: lab.path('after') }),
    };
  };
  board = await Switchboard.start(
    wish.keeper ?? keeper,
    temporaryFolder(scope),
    scope,
    wish.withoutAgent ? undefined : agent,
    options,
  );
}

function begin(): void {
  process.kill(board.keeper.pid, 'SIGHUP');
}

function output(): OutputPart[] {
  return new OutputLogReader().push(readFileSync(board.lab.path('output.log')));
}

function streams(): Record<OutputPart['stream'], string> {
  const text = (name: string): string =>
    Buffer.concat(
      output()
        .filter(({ stream }) => stream === name)
        .map(({ bytes }) => bytes),
    ).toString();
  return { stdout: text('stdout'), stderr: text('stderr') };
}

describe('the command of a machine', () => {
  test('starts on request, and its output, times and status are kept', async () => {
    await machineOf(['sh', '-c', 'echo $WORD; printf part; echo problem >&2; exit 3']);
    const before = Date.now();
    expect(output()).toEqual([]);
    begin();
    begin();
    await board.keeper.ended;
    expect(streams()).toEqual({ stdout: 'hello\npart', stderr: 'problem\n' });
    for (const { time } of output()) {
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
    }
    const command = { exitCode: 3, signal: null, problem: null };
    expect(board.lab.end()).toMatchObject({ command, askedToPowerOff: true });
  });

  test('can print more than the buffers hold, without slowing other clients', async () => {
    const go = join(temporaryFolder(scope), 'go');
    const wait = `until [ -e ${go} ]; do sleep 0.1; done`;
    await machineOf(['sh', '-c', `head -c 3000000 /dev/zero | tr "\\0" x; echo; ${wait}; kill -9 $$`]);
    begin();
    const witness = await board.attach();
    expect((await witness.exec(['echo', 'there'])).stdout.toString()).toBe('there\n');
    writeFileSync(go, '');
    await board.keeper.ended;
    expect(streams().stdout).toBe(`${'x'.repeat(3_000_000)}\n`);
    expect(board.lab.end().command).toEqual({ exitCode: null, signal: 9, problem: null });
  });

  test.each([
    [['no-such-program'], 127],
    [['/etc/passwd'], 126],
  ] as const)('%j cannot be started: %i', async (argv, exitCode) => {
    await machineOf(argv);
    begin();
    await board.keeper.ended;
    const problem = expect.stringContaining('could not be started') as string;
    expect(board.lab.end().command).toEqual({ exitCode, signal: null, problem });
    expect(streams().stderr).toContain('vmlet: the command could not be started');
  });

  test.each([
    [{ cwd: '/nope' }, 'cannot enter the working directory /nope: No such file or directory'],
    [{ cwd: '/etc/passwd' }, 'cannot enter the working directory /etc/passwd: Not a directory'],
    [{ user: 'nosuch' }, 'no such user: nosuch'],
  ] as const)('cannot be started with %j', async (wish, problem) => {
    await machineOf(['true'], wish);
    begin();
    await board.keeper.ended;
    expect(board.lab.end().command).toEqual({ exitCode: 126, signal: null, problem });
    expect(streams().stderr).toBe(`vmlet: ${problem}\n`);
  });

  test.each([
    [Phase.mount, 19, "the guest's kernel does not support virtiofs"],
    [Phase.mount, 15, "the guest's kernel lacks the driver ext4 or virtio_blk"],
    [Phase.request, 74, 'the agent in the guest is older than this vmlet'],
  ] as const)('says why a mount has failed in phase %i with %i', async (phase, errno, why) => {
    const mounts = encodeConfiguration({ mounts: [{ tag: 'share0', path: '/there' }] });
    const hasty = await sanitizedKeeper('AGENT_MS=1000');
    await machineOf(['true'], { mounts, withoutAgent: true, keeper: hasty });
    const guest = await board.guest();
    begin();
    guest.greet();
    const { channel } = await guest.next(FrameType.request);
    const failure = Buffer.from([Tag.phase, 1, 0, 0, phase, Tag.errno, 4, 0, 0, errno, 0, 0, 0]);
    guest.send(FrameType.failed, 0, channel, failure);
    await board.keeper.ended;
    expect(streams().stderr).toBe(`vmlet: cannot mount /there: ${why}\n`);
  });

  test('is not started if a mount has failed', async () => {
    // On a socket, the agent mounts nothing.
    const mounts = encodeConfiguration({ mounts: [{ tag: 'share0', path: '/a "directory"' }] });
    await machineOf(['sh', '-c', 'echo run'], { mounts });
    begin();
    await board.keeper.ended;
    expect(streams()).toEqual({
      stdout: '',
      stderr: 'vmlet: cannot mount /a "directory": Operation not permitted\n',
    });
    expect(board.lab.end().command).toEqual({
      exitCode: 125,
      signal: null,
      problem: 'the guest could not mount a directory',
      mount: { path: '/a "directory"', phase: expect.any(Number) as number, errno: 1 },
    });
  });

  test('ends the machine when the agent restarts', async () => {
    await machineOf(['sh', '-c', 'echo here; exec sleep 1000']);
    begin();
    await until(() => streams().stdout === 'here\n', { awaited: 'it runs' });
    await board.control('restart');
    await board.keeper.ended;
    expect(board.lab.end().command).toMatchObject({ exitCode: 125, problem: expect.any(String) as string });
  });

  test('fails when no agent answers in time', async () => {
    await machineOf(['true'], { patienceSeconds: 1, withoutAgent: true });
    begin();
    await board.keeper.ended;
    expect(board.lab.end().command).toEqual({
      exitCode: 125,
      signal: null,
      problem: 'the guest agent did not answer in time',
    });
  });

  test('has no end if it never started', async () => {
    await machineOf(['true']);
    await board.control('end');
    await board.keeper.ended;
    expect(board.lab.end()).toMatchObject({ command: null, askedToPowerOff: false });
  });

  test('survives a guest that breaks the protocol', async () => {
    const hasty = await sanitizedKeeper('AGENT_MS=1000');
    await machineOf(['true'], { withoutAgent: true, keeper: hasty });
    const guest = await board.guest();
    begin();
    const request = await guest.next(FrameType.request);
    guest.send(FrameType.failed, 0, request.channel, Buffer.alloc(500, 0xff));
    await board.keeper.ended;
    expect(board.lab.end().command).toMatchObject({ exitCode: 125, signal: null });
  });
});

test('is followed by a program that waits for its lock and its record', async () => {
  const afterwards =
    'cd "$1" && echo $$ >pid && flock -n keeper.lock cp end.json seen && trap "" INT && kill -INT $$ && mv seen followed';
  await machineOf(['true'], { afterwards });
  begin();
  await board.keeper.ended;
  await until(
    () => {
      try {
        return readFileSync(board.lab.path('followed'), 'utf8').includes('"exitCode":0');
      } catch {
        return false;
      }
    },
    { awaited: 'it has followed' },
  );
  // The end of the keeper is the end of the machine for all that wait for it.
  expect(Number(readFileSync(board.lab.path('pid'), 'utf8'))).not.toBe(board.keeper.pid);
});
