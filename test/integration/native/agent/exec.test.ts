import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  isRunning,
  openDescriptors,
  residentBytes,
  startAgent,
  temporaryFolder,
} from '../../../../fixtures/agent/agent-process.ts';
import { until } from '../../../until.ts';
import { GuestCommandError, InvalidInputError, TimedOutError } from '../../../../src/errors/index.ts';
import type { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import type { SupervisedProcess } from '../../../../src/process/supervise.ts';
import { Scope } from '../../../../src/util/scope.ts';

let scope: Scope;
const program = agentProgram();
let guest: GuestAgent;
let agent: SupervisedProcess;
const isRoot = process.getuid?.() === 0;

beforeEach(async () => {
  scope = new Scope();
  ({ guest, agent } = await startAgent(program, scope));
});
afterEach(async () => scope.close());

async function shell(script: string, options = {}): Promise<string> {
  const { stdout, stderr, exitCode } = await guest.exec(['sh', '-c', script], options);
  return `${stdout.toString()}${stderr.toString()}(${exitCode})`;
}

async function pidIn(file: string): Promise<number> {
  const read = (): string => readFileSync(file, { encoding: 'utf8', flag: 'a+' });
  await until(() => read().endsWith('\n'), { awaited: 'the command has written its pid' });
  return Number(read());
}

describe('a command', () => {
  test('returns its output and its exit status', async () => {
    expect(await guest.exec(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      exitCode: 3,
      signal: undefined,
      stdout: Buffer.from('out\n'),
      stderr: Buffer.from('err\n'),
      truncated: false,
    });
  });

  test('gets its arguments unchanged', async () => {
    const argv = ['', ' ', '$HOME', 'a\nb', '"', "'", 'ä€😀', '-n', '--', '*'];
    const { stdout } = await guest.exec(['printf', '%s\\0', ...argv]);
    expect(stdout.toString().split('\0').slice(0, -1)).toEqual(argv);
  });

  test('can have arguments that need many frames', async () => {
    const long = Array.from({ length: 8 }, (_, index) => String(index).repeat(100_000));
    const { stdout } = await guest.exec(['sh', '-c', 'printf %s "$@" | cksum', 'sh', ...long]);
    const direct = await guest.exec(['cksum'], { input: long.join('') });
    expect(stdout.toString()).toBe(direct.stdout.toString());
  });

  test('has a base environment, the directory / and an empty stdin', async () => {
    expect(await shell('env | sed s/=.*// | sort | tr "\\n" " "; pwd; cat')).toMatch(
      /^HOME LOGNAME PATH PWD (SHLVL )?SHELL USER \/\n\(0\)$/,
    );
  });

  test('has the environment and the directory that were given', async () => {
    const options = { env: { A: 'b=c', PATH: '/bin', HOME: 'h' }, cwd: '/usr' };
    expect(await shell('echo $A $PATH $HOME; pwd', options)).toBe('b=c /bin h\n/usr\n(0)');
    const { stdout } = await guest.exec(['/usr/bin/env'], { env: { ONLY: 'this' }, clearEnv: true });
    expect(stdout.toString()).toBe('ONLY=this\n');
  });

  test('inherits no descriptors and no blocked or ignored signals', async () => {
    expect(await shell('ls /proc/self/fd | wc -l')).toBe('4\n(0)');
    expect(await shell('grep -E "Sig(Blk|Ign)" /proc/self/status')).toBe(
      'SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n(0)',
    );
  });

  test.runIf(isRoot)('runs as the given user, with all groups', async () => {
    const who = async (user: string): Promise<string> => shell('id -u; id -g; echo $HOME $USER', { user });
    expect(await who('daemon')).toBe('1\n1\n/usr/sbin daemon\n(0)');
    expect(await who('1')).toBe('1\n1\n/usr/sbin daemon\n(0)');
    expect(await who('54321')).toBe('54321\n0\n/ 54321\n(0)');
    expect(await who('54321:12345')).toBe('54321\n12345\n/ 54321\n(0)');
    expect(await who('daemon:mail')).toMatch(/^1\n8\n/);
    await expect(who('daemon:nosuchgroup')).rejects.toMatchObject({ phase: 'user', errno: 'ENOENT' });
  });

  test.each([
    ['a missing program', ['no-such-program'], {}, 'exec', 'ENOENT', 127],
    ['a missing path', ['/no/such/program'], {}, 'exec', 'ENOENT', 127],
    ['an empty name', [''], {}, 'exec', 'ENOENT', 127],
    ['a file without permission', ['/etc/passwd'], {}, 'exec', 'EACCES', 126],
    ['a directory', ['/usr'], {}, 'exec', 'EACCES', 126],
    ['a missing working directory', ['true'], { cwd: '/no/such' }, 'directory', 'ENOENT', 126],
    ['a file as the working directory', ['true'], { cwd: '/etc/passwd' }, 'directory', 'ENOTDIR', 126],
    ['an unknown user', ['true'], { user: 'no-such-user' }, 'user', 'ENOENT', 126],
    ['more arguments than a request can contain', ['true', 'x'.repeat(2 ** 20)], {}, 'exec', 'E2BIG', 126],
    ['an argument beyond Linux’s limit', ['true', 'x'.repeat(200_000)], {}, 'exec', 'E2BIG', 126],
  ])('reports why it cannot run: %s', async (_, argv, options, phase, errno, exitCode) => {
    const failure = guest.exec(argv, options);
    await expect(failure).rejects.toBeInstanceOf(GuestCommandError);
    await expect(failure).rejects.toMatchObject({ code: 'VMLET_GUEST_EXEC', phase, errno, exitCode });
  });

  test('reports that a file has an unknown format', async () => {
    const file = join(temporaryFolder(scope), 'program');
    writeFileSync(file, 'nonsense', { mode: 0o755 });
    await expect(guest.exec([file])).rejects.toMatchObject({ errno: 'ENOEXEC', exitCode: 126 });
  });

  test('reports the signal that ended it', async () => {
    expect(await guest.exec(['sh', '-c', 'kill -SEGV $$'])).toMatchObject({
      exitCode: undefined,
      signal: 'SIGSEGV',
    });
  });

  test('gets signals, and so do its children', async () => {
    const command = guest.exec(['sh', '-c', 'sleep 1000 & echo $! ; wait']);
    const { value } = (await command[Symbol.asyncIterator]().next()) as { value: string };
    command.kill('SIGTERM');
    expect(await command).toMatchObject({ signal: 'SIGTERM' });
    await until(() => !isRunning(Number(value)), { awaited: 'the child is gone' });
    command.kill('SIGTERM');
  });

  test('does not start when the signal is already aborted', async () => {
    const file = join(temporaryFolder(scope), 'file');
    const command = guest.exec(['touch', file], { signal: AbortSignal.abort(new Error('no')) });
    await expect(command).rejects.toThrow('no');
    command.kill();
    expect(await shell(`ls ${file} 2>/dev/null`)).not.toContain(file);
  });

  test('is killed on abort and at its time limit', async () => {
    const file = join(temporaryFolder(scope), 'pid');
    const controller = new AbortController();
    const reason = new Error('enough');
    const aborted = guest.exec(['sh', '-c', `echo $$ > ${file}; sleep 1000`], { signal: controller.signal });
    const pid = await pidIn(file);
    controller.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    await until(() => !isRunning(pid), { awaited: 'the command is gone' });

    const late = guest.exec(['sh', '-c', `echo $$ > ${file}; sleep 1000`], { timeoutMs: 500 });
    await expect(late).rejects.toBeInstanceOf(TimedOutError);
    const latePid = await pidIn(file);
    await until(() => !isRunning(latePid), { awaited: 'the command is gone' });
    expect(await shell('echo fine')).toBe('fine\n(0)');
  });

  test('does not wait for a child that keeps its output open, and does not kill it', async () => {
    const file = join(temporaryFolder(scope), 'pid');
    const script = `(echo $$; sleep 0.2; i=0; while [ $i -lt 5000 ]; do echo noise$i; i=$((i+1)); done; echo done > ${file}) & echo first`;
    const { stdout } = await guest.exec(['sh', '-c', script]);
    expect(stdout.toString()).toContain('first\n');
    expect(stdout.toString()).not.toContain('noise4999');
    await until(() => readFileSync(file, { flag: 'a+' }).length > 0, {
      awaited: 'the child came to its end',
    });
  });

  test('loses no output that it wrote before its end', async () => {
    // A number of its own: processes of other tests stay.
    const sleep = `sleep ${1_000_000 + process.pid}`;
    for (let round = 0; round < 30; round += 1) {
      const { stdout } = await guest.exec(['sh', '-c', `head -c 60000 /dev/zero; ${sleep} & exit 0`]);
      expect(stdout.length).toBe(60_000);
    }
    await guest.exec(['sh', '-c', `pkill -P $PPID sleep; pkill -x -f "${sleep}"; true`]);
  });
});

describe('stdin', () => {
  test('is the given input', async () => {
    const bytes = Buffer.alloc(3_000_000, 'input');
    expect((await guest.exec(['cat'], { input: bytes })).stdout.equals(bytes)).toBe(true);
    expect((await guest.exec(['cat'], { input: 'text' })).stdout.toString()).toBe('text');
    const stream = Readable.from([Buffer.from('a'), Buffer.from('b')]);
    expect((await guest.exec(['cat'], { input: stream })).stdout.toString()).toBe('ab');
    expect((await guest.exec(['cat'], { input: '' })).stdout.toString()).toBe('');
  });

  test('is written while the command runs', async () => {
    const command = guest.exec(['sh', '-c', 'while read x; do echo "<$x>"; done'], { stdin: 'pipe' });
    const lines = command[Symbol.asyncIterator]();
    for (const word of ['one', 'two', 'three']) {
      command.stdin.write(`${word}\n`);
      expect((await lines.next()).value).toBe(`<${word}>`);
    }
    command.stdin.end();
    expect((await lines.next()).done).toBe(true);
    expect((await command).exitCode).toBe(0);
  });

  test('may be left unread by the command', async () => {
    const result = await guest.exec(['sh', '-c', 'exec <&-; echo read nothing'], {
      input: Buffer.alloc(5_000_000),
    });
    expect(result.stdout.toString()).toBe('read nothing\n');
    const { stdout } = await guest.exec(['head', '-c', '3'], { input: Buffer.alloc(5_000_000, 'x') });
    expect(stdout.toString()).toBe('xxx');
  });

  test('cannot be written if it is not a pipe', () => {
    expect(() => guest.exec(['true']).stdin).toThrow(InvalidInputError);
    expect(() => guest.exec(['true'], { input: 'x' }).stdin).toThrow(InvalidInputError);
  });

  test('ends the command if its source fails', async () => {
    const source = (async function* () {
      yield Buffer.from('x');
      await Promise.resolve();
      throw new Error('no more');
    })();
    await expect(guest.exec(['cat'], { input: source })).rejects.toThrow('no more');
  });
});

test('ten thousand commands leave nothing behind', { timeout: 400_000 }, async () => {
  const run = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      const { exitCode, stdout } = await guest.exec(['/bin/sh', '-c', 'echo $0; exit 7', String(index)]);
      if (exitCode !== 7 || stdout.toString() !== `${index}\n`)
        throw new Error(`command ${index} went wrong`);
    }
  };
  await run(500);
  const before = { descriptors: openDescriptors(agent.pid), bytes: residentBytes(agent.pid) };
  await run(10_000);
  expect(openDescriptors(agent.pid)).toBe(before.descriptors);
  expect(residentBytes(agent.pid)).toBeLessThan(before.bytes + 256 * 1024);
});
