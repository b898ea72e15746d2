import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { directoryIn, temporaryDirectory } from '../../directory.ts';
import { VMLET, copyCompiledCode, start } from '../command.ts';
import { until } from '../../until.ts';
import { copyProbedHost } from '../probed-host.ts';
import { copyShelf } from '../template/shelf-copy.ts';

const directory = temporaryDirectory();

interface Marked {
  readonly env: Record<string, string>;
  readonly port: number;
  readonly own: string;
}

/** A cache with the guest that most of these tests need, for which each would boot. */
const seed = directoryIn(directory, 'seed-');
beforeAll(async () => {
  fillCache(seed);
  const env = { XDG_CACHE_HOME: seed, VMLET_FRESH: '' };
  const { status } = await start(['run', '--net', 'none', 'micro', 'true'], { env }).finished;
  expect(status).toBe(0);
});

function fillCache(cache: string): void {
  copyProbedHost(join(cache, 'vmlet'));
  copyCompiledCode(join(cache, 'vmlet'));
}

/**
 * Every process of these launches has a mark: the directory in QEMU’s command line, the port in passt’s.
 * @param probes the first start probes the host, and boots a guest.
 */
async function markedEnvironment(probes = false): Promise<Marked> {
  const own = directoryIn(directory, 'own-');
  const [runtime, cache] = [join(own, 'run'), join(own, 'cache')];
  for (const path of [runtime, cache]) mkdirSync(path, { mode: 0o700 });
  if (!probes) {
    fillCache(cache);
    copyShelf(join(seed, 'vmlet/guests'), join(cache, 'vmlet/guests'));
  }
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { env: { XDG_RUNTIME_DIR: runtime, XDG_CACHE_HOME: cache }, port, own };
}

function processesWith(...marks: readonly string[]): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        // A zombie has no command line any more.
        const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return marks.some((mark) => argv.includes(mark)) ? [`${pid} ${argv}`] : [];
      } catch {
        // It ended in the meantime.
        return [];
      }
    });
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    // Killed before it was created.
    return [];
  }
}

describe('a launcher that is killed', () => {
  const delays = [
    0, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200, 230, 260, 300, 400, 600, 1000, 1500, 2000, 2500, 3000,
  ];

  it('leaves no process at any moment, and its files are removed by the next start', async () => {
    const { env, port, own } = await markedEnvironment(true);
    const marks = [own, `/${port}:80`];
    // The first start probes the host; later ones have the results, and are elsewhere at the same moment.
    for (const delay of [...delays, ...delays]) {
      const launcher = start(['run', '-p', `${port}:80`, '--disk', '1G', 'micro', '--', 'sleep', '1000'], {
        env,
      });
      await new Promise((resolve) => setTimeout(resolve, delay));
      launcher.process.kill('SIGKILL');
      await launcher.finished;
      await until(() => processesWith(...marks).length === 0);
    }
    const { status } = await start(['run', '--net', 'none', 'micro', '--', 'true'], { env }).finished;
    expect(status).toBe(0);
    expect(entries(join(own, 'run/vmlet'))).toEqual([]);
    expect(entries(join(own, 'cache/vmlet/scratch'))).toEqual([]);
  });

  it('keeps its files while it lives', async () => {
    const { env, own } = await markedEnvironment();
    const first = start(['run', '--net', 'none', 'micro', 'sh', '-c', 'echo up; cat'], { env });
    const second = start(['run', '--net', 'none', 'micro', 'sh', '-c', 'echo up; sleep 1000'], { env });
    await until(() => second.stdout().includes('up'));
    const { status } = await start(['run', '--net', 'none', 'micro', 'true'], { env }).finished;
    expect(status).toBe(0);
    // It has no input, and therefore ends by itself eventually.
    await first.finished;
    expect(entries(join(own, 'run/vmlet'))).toHaveLength(1);
    second.process.kill('SIGINT');
    expect((await second.finished).status).toBe(130);
    expect(entries(join(own, 'run/vmlet'))).toEqual([]);
  });
});

describe('the process above a launcher that is killed', () => {
  /** A script in which vmlet runs, as in a job; its output and the launcher’s share one pipe. */
  async function script(flags: readonly string[], env: Record<string, string>): Promise<ChildProcess> {
    const guest = ['--net', 'none', '--disk', '1G', 'micro', 'sh', '-c', 'echo up; sleep 1000'];
    const job = ['"$@"; true', 'sh', process.execPath, VMLET, 'run', ...flags, ...guest];
    const child = spawn('sh', ['-c', ...job], {
      env: { ...withoutJobs, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    await until(() => output.includes('up'));
    return child;
  }
  const withoutJobs = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(?:SLURM|PBS|LSB|SGE|_CONDOR|FLUX|OAR)_/.test(name)),
  );

  it.each([
    ['with --die-with-parent', ['--die-with-parent'], {}],
    ['in a job of Slurm', [], { SLURM_JOB_ID: '12' }],
  ])('ends the launcher too, %s', async (_, flags, job) => {
    const { env, own } = await markedEnvironment();
    const above = await script(flags, { ...env, ...job });
    expect(processesWith(own)).toHaveLength(1);
    above.kill('SIGKILL');
    await until(() => processesWith(own).length === 0);
    const places = ['run/vmlet', 'cache/vmlet/scratch'].map((place) => join(own, place));
    await until(() => places.every((place) => entries(place).length === 0));
  });

  it.each([
    ['elsewhere', [], {}],
    ['in a job with --no-die-with-parent', ['--no-die-with-parent'], { SLURM_JOB_ID: '12' }],
  ])('does not end the launcher, %s', async (_, flags, job) => {
    const { env, own } = await markedEnvironment();
    const [first, watched] = [await script(flags, { ...env, ...job }), await markedEnvironment()];
    const second = await script(['--die-with-parent'], watched.env);
    first.kill('SIGKILL');
    second.kill('SIGKILL');
    // By then the first one would have noticed it, too.
    await until(() => processesWith(watched.own).length === 0);
    const [qemu] = processesWith(own);
    expect(qemu).toContain('qemu-system');
    for (const pid of launchersIn(own)) process.kill(pid, 'SIGTERM');
    await until(() => processesWith(own).length === 0);
  });

  /** Their command line does not have the mark; their environment does. */
  function launchersIn(own: string): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => {
        try {
          const isOurs = readFileSync(`/proc/${pid}/environ`, 'latin1').includes(own);
          return isOurs && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(VMLET);
        } catch {
          // It ended in the meantime.
          return false;
        }
      })
      .map(Number);
  }
});

describe('a QEMU that is killed', () => {
  it('makes the command report what happened', async () => {
    const { env, own } = await markedEnvironment();
    const running = start(['run', 'micro', 'sh', '-c', 'echo up; sleep 1000'], { env });
    await until(() => running.stdout().includes('up'));
    const { pid } = running.process;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ');
    const qemu = children.find((child) =>
      readFileSync(`/proc/${child}/cmdline`, 'latin1').includes('/qemu-system-'),
    );
    process.kill(Number(qemu), 'SIGKILL');
    const { status, stderr } = await running.finished;
    expect(stderr).toMatch(/the machine has ended: QEMU was killed by SIGKILL, which vmlet did not send/);
    expect(status).toBe(125);
    expect(entries(join(own, 'run/vmlet'))).toEqual([]);
  });
});
