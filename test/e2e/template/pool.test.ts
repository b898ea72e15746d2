import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PoolNotFoundError } from '../../../src/errors/index.ts';
import { type HostReport, openPool } from '../../../src/index.ts';
import { readProcessMemory } from '../../../src/machine/logs/process-usage.ts';
import { start } from '../command.ts';
import { until } from '../../until.ts';
import { type Home, makeHome } from '../named/home.ts';

/** Pools of the command, each served by a separate process. */

const SMALL = ['--memory', '96M', '--net', 'none'];
let home: Home;
beforeAll(async () => {
  home = await makeHome();
});
afterAll(async () => {
  const names = (await home.vmlet('pool', 'ls', '-q')).stdout.split('\n').filter((name) => name !== '');
  if (names.length > 0) await home.vmlet('pool', 'rm', ...names);
  await home.close();
});

interface Row {
  readonly name: string;
  readonly size: number;
  readonly waiting: number;
  readonly taken: number;
  readonly pid: number;
}

async function pools(): Promise<Row[]> {
  const { status, stdout } = await home.vmlet('pool', 'ls', '--json');
  expect(status).toBe(0);
  return (JSON.parse(stdout) as { pools: Row[] }).pools;
}

async function create(name: string, ...words: string[]): Promise<void> {
  expect(await home.vmlet('pool', 'create', name, ...SMALL, ...words)).toMatchObject({
    status: 0,
    stdout: `${name}\n`,
    stderr: '',
  });
}

const qemus = (): number =>
  home.processes().filter(({ commandLine }) => commandLine.includes('qemu-system')).length;

describe('a pool', () => {
  it('gives each run a guest of its own, and refills itself', async () => {
    await create('many', '--size', '2');
    expect(await pools()).toMatchObject([{ name: 'many', size: 2, waiting: 2, taken: 0 }]);
    const script = 'hostname; head -c 8 /dev/urandom | od -An -tx1; test ! -e /x && touch /x';
    const runs = await Promise.all(
      [1, 2, 3].map(async () => home.vmlet('run', '--pool', 'many', '--', 'sh', '-c', script)),
    );
    const outputs = runs.map(({ status, stdout, stderr }) => {
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const [name = '', random = ''] = stdout.split('\n');
      expect(name).toMatch(/^many-[0-9a-f]{8}$/);
      return { name, random };
    });
    for (const key of ['name', 'random'] as const) {
      expect(new Set(outputs.map((output) => output[key])).size).toBe(3);
    }
    await until(async () => (await pools()).some(({ waiting, taken }) => waiting === 2 && taken === 0));
    await until(() => qemus() === 2);
  });

  it('is a user of its image', async () => {
    const { images } = JSON.parse((await home.vmlet('image', 'inspect', 'micro')).stdout) as {
      images: { readonly usedBy: readonly string[] }[];
    };
    expect(images[0]?.usedBy).toContain('pool "many"');
    expect(images[0]?.usedBy.join()).not.toContain('process');
  });

  it('is listed below the machines by ls --all, and not among them', async () => {
    const all = await home.vmlet('ls', '--all');
    expect(all).toMatchObject({ status: 0, stderr: '' });
    const [machines, listed] = all.stdout.split('\n\n');
    expect(machines).toMatch(/^NAME +STATE [^\n]*$/);
    expect(listed).toMatch(/^POOL +IMAGE +MEMORY +SIZE +WAITING +TAKEN [^]*\nmany +micro +96 MiB +2 +2 +0 /);
    const json = async (...words: string[]): Promise<unknown> =>
      JSON.parse((await home.vmlet('ls', ...words, '--json')).stdout);
    expect(await json()).toEqual({ version: 1, machines: [] });
    expect(await json('--all')).toEqual({ version: 1, machines: [], pools: await pools() });
    // Other verbs get machines alone, as in `vmlet rm $(vmlet ls -aq)`.
    expect((await home.vmlet('ls', '-aq')).stdout).toBe('');
    expect((await home.vmlet('ls', '-a', '--format', '{{.Name}}')).stdout).toBe('');
    expect((await home.vmlet('ls', '-a', '--filter', 'name=many')).stdout).not.toContain('many');
  });

  it('that does not answer is listed without its numbers', async () => {
    const [{ pid }] = (await pools()) as [Row];
    process.kill(pid, 'SIGSTOP');
    try {
      expect((await home.vmlet('ls', '-a')).stdout).toMatch(/\nmany +micro +96 MiB +2 +\? +\? /);
      expect(await pools()).toMatchObject([
        { name: 'many', problem: expect.stringContaining('timed out') as unknown },
      ]);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('appears in doctor with the memory of all its processes', async () => {
    const pool = inHome(() => openPool('many'));
    const used = await pool.hostMemoryBytes();
    const server = await readProcessMemory(pool.process.pid);
    // Each waiting guest has touched more than that.
    expect(used).toBeGreaterThan((server?.pssBytes ?? Infinity) + 2 * 20 * 1024 ** 2);
    const { findings } = JSON.parse((await home.vmlet('doctor', '--json')).stdout) as HostReport;
    expect(findings.find(({ item }) => item === 'pools')?.summary).toMatch(
      /^pools use [\d.]+ MiB of memory \(many: [\d.]+ MiB\); the host has [\d.]+ [MG]iB of memory available/,
    );
  });

  it('passes streams, environment, directory and status', async () => {
    const child = home.start(
      [
        'run',
        '--pool',
        'many',
        '-e',
        'WORD=hello',
        '-w',
        '/tmp',
        '--',
        'sh',
        '-c',
        'cat; echo $WORD $PWD >&2; exit 7',
      ],
      { input: 'input' },
    );
    expect(await child.finished).toMatchObject({ status: 7, stdout: 'input', stderr: 'hello /tmp\n' });
  });

  it('ends a guest with the run that took it, even if that is killed', async () => {
    const child = home.start(['run', '--pool', 'many', '--', 'sh', '-c', 'echo begun; exec sleep 1000']);
    await until(() => child.stdout().includes('begun'));
    await until(async () => (await pools()).some(({ taken, waiting }) => taken === 1 && waiting === 2));
    // A fork that is starting counts as waiting.
    await until(() => qemus() === 3);
    child.process.kill('SIGKILL');
    await until(async () => qemus() === 2 && (await pools())[0]?.taken === 0);
  });

  it('ends a run with its time limit', async () => {
    const limited = await home.vmlet('run', '--pool', 'many', '--timeout', '2s', '--', 'sleep', '1000');
    expect(limited).toMatchObject({ status: 124 });
    await until(async () => qemus() === 2 && (await pools())[0]?.taken === 0);
  });

  it('serves the library too', async () => {
    const pool = inHome(() => openPool('many'));
    await using guest = await pool.take();
    await guest.push('content', '/file');
    expect((await guest.readFile('/file')).toString()).toBe('content');
    const { stdout, exitCode } = await guest.exec(['cat', '/file']);
    expect([stdout.toString(), exitCode]).toEqual(['content', 0]);
    expect(await pool.status()).toMatchObject({ taken: 1 });
  });

  it('ends its guests when it is removed, including those in use', async () => {
    const child = home.start(['run', '--pool', 'many', '--', 'sh', '-c', 'echo begun; exec sleep 1000']);
    await until(() => child.stdout().includes('begun'));
    expect(await home.vmlet('pool', 'rm', 'many')).toMatchObject({ status: 0, stdout: 'many\n' });
    const { status, stderr } = await child.finished;
    expect([status, stderr]).toEqual([125, expect.stringContaining('pool "many": the guest has ended')]);
    expect(await pools()).toEqual([]);
    await until(() => home.processes().length === 0);
    expect(left()).toEqual([]);
  });

  it('ends after its idle time', async () => {
    await create('short', '--size', '1', '--idle', '1s');
    await until(() => home.processes().length === 0);
    expect(await pools()).toEqual([]);
    expect(left()).toEqual([]);
  });

  it('leaves no guest when its process is killed, and its name can be used again', async () => {
    await create('fragile', '--size', '1');
    const [{ pid }] = (await pools()) as [Row];
    process.kill(pid, 'SIGKILL');
    await until(() => qemus() === 0);
    expect(await pools()).toEqual([]);
    expect((await home.vmlet('run', '--pool', 'fragile', '--', 'true')).stderr).toContain(
      'no such pool: fragile',
    );
    await create('fragile', '--size', '1');
    expect((await home.vmlet('run', '--pool', 'fragile', '--', 'true')).status).toBe(0);
    // Before the image is looked up; the log of the running pool stays.
    for (const verb of ['create', 'serve']) {
      const again = await home.vmlet('pool', verb, 'fragile', '--image', 'absent:1');
      expect(again.stderr).toContain('pool "fragile" already exists');
    }
    expect(logs()).toContain('fragile.log');
    await home.vmlet('pool', 'rm', 'fragile');
    expect(logs()).not.toContain('fragile.log');
    await until(() => home.processes().length === 0);
    expect(left()).toEqual([]);
  });

  it('begins as a fork of the guest that runs keep, unless VMLET_FRESH=1', async () => {
    const origin = async (fresh: string): Promise<readonly string[]> => {
      const env = { ...home.environment, VMLET_FRESH: fresh };
      const serving = start(['pool', 'serve', 'warm', ...SMALL, '--size', '1', '--debug'], { env });
      await until(() => serving.stdout() === 'warm\n');
      serving.process.kill('SIGINT');
      const { stderr } = await serving.finished;
      return stderr.match(/"forked a kept guest"|"kept the booted guest"/g) ?? [];
    };
    // An earlier test may have kept it.
    await origin('');
    expect(await origin('')).toEqual(['"forked a kept guest"']);
    expect(await origin('1')).toEqual([]);
  });

  it('shows the console of its boot', async () => {
    const serving = home.start(['pool', 'serve', 'shown', ...SMALL, '--size', '1', '--console']);
    await until(() => serving.stdout() === 'shown\n');
    serving.process.kill('SIGINT');
    expect((await serving.finished).stderr).toContain('Booting from ROM');
  });

  it('ends at Ctrl-C while it fills', async () => {
    const serving = home.start(['pool', 'serve', 'large', ...SMALL, '--size', '64']);
    await until(() => qemus() >= 2);
    serving.process.kill('SIGINT');
    expect(await serving.finished).toMatchObject({ status: 130, stdout: '' });
    await until(() => home.processes().length === 0);
    expect(left()).toEqual([]);
  });

  it('says why it could not be created', async () => {
    for (const [end, status, message] of [
      [
        (pid: number) => process.kill(pid, 'SIGKILL'),
        125,
        'its process was killed by SIGKILL while it started',
      ],
      [async () => home.vmlet('pool', 'rm', 'brief'), 125, 'was removed while it started'],
    ] as const) {
      const creating = home.start(['pool', 'create', 'brief', ...SMALL, '--size', '64']);
      const pid = await until(async () => (await pools())[0]?.pid);
      await end(pid);
      const { stderr, ...rest } = await creating.finished;
      expect([rest.status, rest.stdout, stderr]).toEqual([
        ...[status, ''],
        expect.stringContaining(`pool "brief": ${message}\n`),
      ]);
    }
    const creating = home.start(['pool', 'create', 'brief', ...SMALL, '--size', '64']);
    await until(async () => (await pools()).length > 0);
    creating.process.kill('SIGINT');
    expect(await creating.finished).toMatchObject({ status: 130, stdout: '' });
    await until(() => home.processes().length === 0);
    expect(await pools()).toEqual([]);
  });

  it('is named by its template, and by no other', async () => {
    const users = async (): Promise<unknown> => {
      const { templates } = JSON.parse((await home.vmlet('template', 'ls', '--json')).stdout) as {
        templates: { readonly name: string; readonly usedBy: readonly string[] }[];
      };
      return templates.map(({ name, usedBy }) => [name, ...usedBy]);
    };
    expect(await home.vmlet('template', 'create', 'warm', ...SMALL)).toMatchObject({ status: 0 });
    const flags = ['--template', 'warm', '--size', '1'];
    expect(await home.vmlet('pool', 'create', 'forks', ...flags)).toMatchObject({ status: 0 });
    await create('of-an-image', '--size', '1');
    expect(await users()).toEqual([['warm', 'forks']]);
    expect(await home.vmlet('pool', 'rm', 'forks', 'of-an-image')).toMatchObject({ status: 0 });
    expect(await users()).toEqual([['warm']]);
    expect(await home.vmlet('template', 'rm', 'warm')).toMatchObject({ status: 0 });
  });

  it('keeps its template from being removed or replaced', async () => {
    expect(await home.vmlet('template', 'create', 'held', ...SMALL)).toMatchObject({ status: 0 });
    expect(await home.vmlet('pool', 'create', 'holder', '--template', 'held', '--size', '1')).toMatchObject({
      status: 0,
    });
    for (const words of [
      ['rm', 'held'],
      ['create', 'held', '--replace', ...SMALL],
      ['create', 'held', '--reuse', ...SMALL, '--run', 'touch /other'],
    ]) {
      const { status, stderr } = await home.vmlet('template', ...words);
      expect([status, stderr]).toEqual([
        125,
        expect.stringMatching(/template "held" is in use by pool "holder"\n.*: vmlet pool rm holder\n$/),
      ]);
    }
    expect(await home.vmlet('template', 'create', 'held', '--reuse', ...SMALL)).toMatchObject({ status: 0 });
    expect((await home.vmlet('run', '--pool', 'holder', '--', 'true')).status).toBe(0);
    expect((await home.vmlet('run', '--pool', 'holder', '--', 'true')).status).toBe(0);
    for (const source of [
      ['--pool', 'holder'],
      ['--template', 'held'],
    ]) {
      const { status, stderr } = await home.vmlet('run', ...source, 'micro', '--', 'true');
      expect([status, stderr]).toEqual([
        127,
        expect.stringContaining(
          '\n  if micro is an image, leave it out: with --kernel, --template and --pool, ',
        ),
      ]);
    }
    expect(await home.vmlet('pool', 'rm', 'holder')).toMatchObject({ status: 0 });
    expect(await home.vmlet('template', 'rm', 'held')).toMatchObject({ status: 0 });
  });

  it('holds its name and its template while it fills, gives guests, and can be removed', async () => {
    expect(await home.vmlet('template', 'create', 'held', ...SMALL)).toMatchObject({ status: 0 });
    const serving = home.start(['pool', 'serve', 'large', '--template', 'held', '--size', '64']);
    await until(async () => (await pools()).length > 0);
    expect((await home.vmlet('pool', 'create', 'large', '--template', 'held')).stderr).toContain(
      'pool "large" already exists',
    );
    expect((await home.vmlet('template', 'rm', 'held')).stderr).toContain('is in use by pool "large"');
    expect((await home.vmlet('run', '--pool', 'large', '--', 'echo', 'served')).stdout).toBe('served\n');
    expect(await home.vmlet('pool', 'rm', 'large')).toMatchObject({ status: 0 });
    expect(await serving.finished).toMatchObject({
      status: 125,
      stdout: '',
      stderr: expect.stringContaining('pool "large": was removed while it started\n') as string,
    });
    expect(left()).toEqual([]);
    expect(await home.vmlet('template', 'rm', 'held')).toMatchObject({ status: 0 });
  });

  it('explains why it cannot be created or used', async () => {
    const missing = await home.vmlet('pool', 'create', 'p', '--image', 'absent:1');
    expect([missing.status, missing.stderr]).toEqual([125, expect.stringContaining('absent:1')]);
    expect((await home.vmlet('pool', 'create', 'a b')).stderr).toContain('invalid pool name: "a b"');
    expect(logs()).not.toContain('p.log');
    // Before the image is looked up.
    for (const verb of ['create', 'serve']) {
      const large = await home.vmlet('pool', verb, 'p', '--size', '65', '--image', 'absent:1');
      expect(large.stderr).toContain('invalid value 65 for --size: expected a whole number from 1 to 64');
    }
    const mounts = [
      ['-v', '.:/x'],
      ['--mount', 'type=tmpfs,dst=/x'],
    ];
    for (const [flag = '', value = ''] of mounts) {
      expect((await home.vmlet('pool', 'create', 'p', flag, value)).stderr).toMatch(
        new RegExp(
          `${flag}: the guests of a pool cannot have .*\n.*: vmlet run --template NAME -v SRC:DST …\n`,
        ),
      );
    }
    const refused = await home.vmlet('run', '--pool', 'p', '-p', '80', '--', 'true');
    expect(refused.stderr).toContain('--pool: cannot be used together with -p');
    const inNetwork = await home.vmlet('run', '--pool', 'p', '--net', 'lan', '--', 'true');
    expect(inNetwork.stderr).toContain('--pool: cannot be used together with --net\n');
    expect(await home.vmlet('pool', 'rm', 'p')).toMatchObject({ status: 125 });
    expect(await home.vmlet('pool', 'rm', '-i', 'p')).toMatchObject({ status: 0, stdout: '' });
    expect(() => inHome(() => openPool('p'))).toThrow(PoolNotFoundError);
    await until(() => home.processes().length === 0);
  });
});

/** Calls the library with the directories of the home. */
function inHome<T>(work: () => T): T {
  const before = process.env;
  process.env = home.environment;
  try {
    return work();
  } finally {
    process.env = before;
  }
}

/** Names of the logs of pools. */
function logs(): string[] {
  return readdirSync(join(home.environment['XDG_STATE_HOME'] ?? '', 'vmlet/pools'));
}

/** Directories and locks of pools. */
function left(): string[] {
  const directory = join(home.environment['XDG_RUNTIME_DIR'] ?? '', 'vmlet/pools');
  return existsSync(directory) ? readdirSync(directory) : [];
}
