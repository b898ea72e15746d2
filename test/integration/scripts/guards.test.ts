import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'vitest';
import { crashes, lines, trapOf } from '../../../fixtures/testing/guards/crashes.ts';
import { unlessMissing } from '../../../src/util/files/unless-missing.ts';
import { temporaryDirectory } from '../../directory.ts';
import { hasIdsOfLog } from '../../guards/strangers.ts';

const GUARDS = join(import.meta.dirname, '../../../fixtures/testing/guards');
const VITEST = join(import.meta.dirname, '../../../node_modules/.bin/vitest');
const isRoot = process.getuid?.() === 0;
/** For root: id 1000 in a user namespace, which owns the same files. */
const AS_ORDINARY_USER = isRoot ? ['unshare', '--user', '--map-user=1000'] : [];
const directory = temporaryDirectory();

/** False without user namespaces, or in a checkout that other users cannot read. */
function canRunVitest(before: readonly string[]): boolean {
  return spawnSync('env', [...before, VITEST, '--version']).status === 0;
}

/** False also for a zombie, which has no command line: some hosts reap orphans late. */
function isLive(pid: number): boolean {
  return (unlessMissing(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1')) ?? '') !== '';
}

/** The processes and files of a run that was ended. */
interface Endless {
  readonly pid: number;
  readonly temporary: string;
  readonly inMemory: string;
}

/** Neither a shell nor a script: the kernel takes the name of the process from the file. */
const PROGRAM = '#include <unistd.h>\nint main(void) { return pause(); }\n';

/** A whole run of vitest under the guards, which leaves what `plant` names. */
async function runPlanting(
  plant: string,
  log: string,
  env: NodeJS.ProcessEnv = {},
  before: readonly string[] = [],
): Promise<{ status: number | null; output: string }> {
  const kernelLog = join(directory, log);
  writeFileSync(
    kernelLog,
    '[1.1] qemu-system-x86[6]: segfault at 0 ip 0 sp 0 error 4 in qemu-system-x86_64[0,1]\n',
  );
  const words = [VITEST, 'run', '--config', join(GUARDS, 'vitest.config.ts')];
  const child = spawn('env', [...before, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PATH: `${join(GUARDS, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      KERNEL_LOG: kernelLog,
      PLANT: plant,
      // Nothing ends by itself where something was planted.
      VMLET_TEST_PATIENCE_MS: plant === 'nothing' ? '10000' : '3000',
      // The findings of this run are not the outer run’s.
      VMLET_TEST_GUARDS: undefined,
      ...env,
    },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, output: stdout + stderr };
}

// All at once: none may see the leftovers of another.
describe.concurrent('the guards of a run', () => {
  it('pass a clean run', async ({ expect }) => {
    const { status, output } = await runPlanting('nothing', 'clean.log');
    expect(output).not.toMatch(/left behind|crashes/);
    expect(status).toBe(0);
  });

  it.for<[string, string, string]>([
    ['process', 'sleep 300', 'even without its environment and parent'],
    ['launcher', '/x/tsx/launcher 300', 'even if it looks like one of the test runner'],
  ])('fail a run that leaves a %s (%s), %s', async ([plant, words], { expect }) => {
    const { status, output } = await runPlanting(plant, `${plant}.log`);
    const found = /left behind:\n {2}process (\d+): (.*) \(started 20.*Z\)\n\n/.exec(output);
    expect(found?.[2], output).toBe(words);
    expect(status).toBe(1);
    expect(isLive(Number(found?.[1]))).toBe(false);
  });

  it.for(['SIGINT', 'SIGKILL'] as const)(
    'end what a run started that is ended by %s',
    async (signal, { expect }) => {
      const record = join(directory, `${signal}.json`);
      const run = runPlanting('endless', 'ended.log', {
        RECORD: record,
        SIGNAL: signal,
        // A vitest that is killed leaves a directory of its own.
        TMPDIR: directory,
      });
      const { output } = await run;
      const { pid, temporary, inMemory } = JSON.parse(readFileSync(record, 'utf8')) as Endless;
      expect(isLive(pid), output).toBe(false);
      expect([temporary, inMemory].filter((path) => existsSync(path))).toEqual([]);
    },
  );

  it('fail a run that leaves directories, also volumes and in memory', async ({ expect }) => {
    const { status, output } = await runPlanting('directory', 'directory.log');
    expect(output).toMatch(
      /left behind:\n {2}directory \S+\/planted-\w+\n {2}directory \S+\/volumes\/planted-volume\n {2}directory \/dev\/shm\/\S+\/planted-in-memory-\w+\n\n/,
    );
    expect(status).toBe(1);
  });

  it('fail a run in which one of our programs crashed, in each way', async ({ expect }) => {
    const { status, output } = await runPlanting('crash', 'crash.log');
    expect(output).toContain(`crashes:\n${lines(crashes.map((line) => `  ${line}`))}\n`);
    expect(status).toBe(1);
  });

  it('pass over the crashes of programs that another run has started', async ({ expect }) => {
    const qemu = join(directory, 'qemu-planted');
    execFileSync(process.env['CC'] ?? 'cc', ['-x', 'c', '-', '-o', qemu], { input: PROGRAM });
    const stranger = spawn(qemu, { stdio: 'ignore' });
    await once(stranger, 'spawn');
    const { status, output } = await runPlanting('strangers', 'strangers.log', {
      QEMU: qemu,
      STRANGER: String(stranger.pid),
    });
    stranger.kill();
    const own = Number(/left behind:\n {2}process (\d+): \S+\/qemu-planted /.exec(output)?.[1]);
    expect(own, output).toBeGreaterThan(0);
    // In another pid namespace, the ids in the kernel's log tell nothing.
    const found = hasIdsOfLog() ? [own] : [Number(stranger.pid), own];
    expect(output).toContain(`crashes:\n${lines(found.map((pid) => `  ${trapOf(pid)}`))}\n`);
    expect(status).toBe(1);
  });

  it.for([
    ['fail a run in CI, where it is root’s,', { CI: '1' }, [], isRoot ? 1 : 0],
    ['pass the run of an ordinary user in CI, with a warning,', { CI: '1' }, AS_ORDINARY_USER, 0],
    ['pass another run, with a warning,', { CI: undefined }, [], 0],
  ] as const)('%s if the kernel log may not be read', async ([, env, before, expected], { expect, skip }) => {
    skip(!canRunVitest(before), 'no ordinary user may read the checkout');
    const forbidden = { ...env, KERNEL_LOG: join(directory, 'absent.log') };
    const { status, output } = await runPlanting('nothing', 'forbidden.log', forbidden, before);
    expect(output).toMatch(/crashes of QEMU and passt are not checked.*:\s.*absent\.log/);
    expect(status).toBe(expected);
  });
});
