import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isRunning, startAgent } from '../../../../fixtures/agent/agent-process.ts';
import { until } from '../../../until.ts';
import type { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import type { GuestProcess } from '../../../../src/guest/agent/process.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import { Scope } from '../../../../src/util/scope.ts';

let scope: Scope;
const program = agentProgram();
let guest: GuestAgent;

beforeEach(async () => {
  scope = new Scope();
  ({ guest } = await startAgent(program, scope));
});
afterEach(async () => scope.close());

const tty = { rows: 33, columns: 101 };

/** Everything a command has shown so far. */
function screen(command: GuestProcess): () => string {
  let text = '';
  command.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

describe('a terminal', () => {
  test('is stdin, stdout and stderr of its command, and its controlling terminal', async () => {
    const { stdout, stderr } = await guest.exec(
      [
        'sh',
        '-c',
        'test -t 0 && test -t 1 && test -t 2 && echo all; echo err >&2; : </dev/tty && echo controls',
      ],
      { tty },
    );
    expect(stdout.toString()).toBe('all\r\nerr\r\ncontrols\r\n');
    expect(stderr.toString()).toBe('');
  });

  test('has the given size and TERM', async () => {
    const script = 'stty size; echo $TERM';
    expect((await guest.exec(['sh', '-c', script], { tty })).stdout.toString()).toBe('33 101\r\nlinux\r\n');
    const named = await guest.exec(['sh', '-c', script], { tty: { ...tty, term: 'xterm-256color' } });
    expect(named.stdout.toString()).toBe('33 101\r\nxterm-256color\r\n');
  });

  test('notifies its command of a new size', async () => {
    const script = 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 0.05; done';
    const command = guest.exec(['sh', '-c', script], { tty });
    const shown = screen(command);
    await until(() => shown().includes('ready'), { awaited: 'the command is ready' });
    command.resize({ rows: 50, columns: 132 });
    expect((await command).exitCode).toBe(0);
    await until(() => shown().includes('50 132'), { awaited: 'the size is shown' });
  });

  test('interrupts its command when Ctrl-C is typed', async () => {
    const command = guest.exec(['sh', '-c', 'echo ready; exec sleep 1000'], { tty });
    const shown = screen(command);
    await until(() => shown().includes('ready'), { awaited: 'the command is ready' });
    command.stdin.write('\x03');
    expect(await command).toMatchObject({ exitCode: undefined, signal: 'SIGINT' });
  });

  test('serves a shell with job control', async () => {
    const command = guest.exec(['sh', '-i'], { tty, env: { PS1: '> ' } });
    const shown = screen(command);
    await until(() => shown().includes('> '), { awaited: 'the prompt is there' });
    command.stdin.write("sh -c 'echo up$((1+1)); exec sleep 1000'\n");
    await until(() => shown().includes('up2'), { awaited: 'the job runs in the foreground' });
    command.stdin.write('\x03');
    command.stdin.write('echo a$((1+1))b; exit 9\n');
    expect((await command).exitCode).toBe(9);
    await until(() => shown().includes('a2b'), { awaited: 'the answer is there' });
  });

  test('sends an end of file when stdin ends', async () => {
    for (const input of ['', 'typed\n', 'unfinished']) {
      const { stdout } = await guest.exec(['sh', '-c', 'cat; echo after'], { tty, input });
      expect(stdout.toString()).toMatch(new RegExp(`^${input.trim()}.*after\r\n$`, 's'));
    }
  });

  test('delivers all output of a command that ends at once', async () => {
    for (let round = 0; round < 30; round += 1) {
      const { stdout } = await guest.exec(['sh', '-c', 'stty -opost; head -c 20000 /dev/zero'], { tty });
      expect(stdout.length).toBe(20_000);
    }
  });

  test('hangs up when its command ends, and does not wait for a child that ignores that', async () => {
    const { stdout } = await guest.exec(['sh', '-c', 'trap "" HUP; sleep 1000 & echo $!'], { tty });
    const pid = Number(/\d+/.exec(stdout.toString())?.[0]);
    expect(isRunning(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  test('is closed by killing its command', async () => {
    const command = guest.exec(['sh', '-c', 'echo $$; sleep 1000'], { tty, timeoutMs: 300 });
    const shown = screen(command);
    await expect(command).rejects.toMatchObject({ code: 'VMLET_TIMED_OUT' });
    const pid = /\d+/.exec(shown())?.[0];
    if (pid !== undefined) await until(() => !isRunning(Number(pid)), { awaited: 'the command is gone' });
  });
});
