import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { needsRecovery } from '../../../../src/machine/volume/volume.ts';
import { type Finished } from '../../command.ts';
import { until } from '../../../until.ts';
import { type Home, makeHome } from '../home.ts';

// A test boots up to five guests.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

let home: Home;

beforeAll(async () => {
  home = await makeHome();
});
afterAll(async () => home.close());

const BOOT = ['--fresh', '--net', 'none'];

/** Runs a shell script in a throw-away guest that mounts volumes; by default a fork, which gets them while it runs. */
async function run(
  volumes: readonly string[],
  script: string,
  flags: readonly string[] = ['--net', 'none'],
): Promise<Finished> {
  const options = volumes.flatMap((volume) => ['-v', volume]);
  return home.vmlet('run', ...flags, ...options, 'micro', '--', 'sh', '-c', script);
}

async function inGuest(machine: string, script: string): Promise<string> {
  const { stdout, stderr } = await home.exec(machine, 'sh', '-c', script);
  return `${stdout}${stderr}`.trim();
}

function diskOf(name: string): string {
  return join(home.path, 'data/vmlet/volumes', name, 'disk.raw');
}

describe('a volume of throw-away machines', () => {
  it('is created on first use, keeps its files, is clean at the end, and has the requested size', async () => {
    const first = await run(
      ['cache:/a/b:size=64M,uid=1000'],
      'stat -c "%u:%g" /a/b; ls -A /a/b; echo kept >/a/b/file; df -m /a/b | tail -n 1',
      BOOT,
    );
    expect(first.stderr).toBe('');
    expect(first.stdout).toMatch(/^1000:1000\n\/dev\/vda +\d\d /);
    expect(needsRecovery({ path: diskOf('cache') })).toBe(false);
    const second = await run(['cache:/a/b'], 'cat /a/b/file; dd if=/dev/zero of=/a/b/big bs=1M; true');
    expect(second.stdout).toBe('kept\n');
    expect(second.stderr).toContain('No space left on device');
    expect(statSync(diskOf('cache')).size).toBe(64 * 1024 ** 2);
  });

  it('returns the space of deleted files to the host', async () => {
    const full = statSync(diskOf('cache')).blocks;
    expect((await run(['cache:/c'], 'rm /c/big')).status).toBe(0);
    expect(statSync(diskOf('cache')).blocks).toBeLessThan(full / 2);
  });

  it('says that an existing volume keeps its size', async () => {
    const { status, stderr } = await run(['cache:/c:size=30M,gid=1000'], 'true');
    expect(stderr).toBe('vmlet: volume "cache" exists and has 64 MiB; size=30M has no effect\n');
    expect(status).toBe(0);
    expect((await run(['cache:/c:size=64M,uid=1000'], 'true')).stderr).toBe('');
  });

  it('says that a new one is of root, if the user has a name', async () => {
    const flags = ['--net', 'none', '-u', 'nobody'];
    const said =
      'vmlet: the files of named:/v belong to root in the guest, and user nobody may be unable to write there\n';
    expect((await run(['named:/v'], 'true', flags)).stderr).toContain(said);
    expect((await run(['named:/v'], 'true', flags)).stderr).toBe('');
    expect((await home.vmlet('volume', 'rm', 'named')).status).toBe(0);
  });

  it('is listed and described', async () => {
    expect((await home.vmlet('volume', 'ls', '-q')).stdout).toBe('cache\n');
    const { stdout } = await home.vmlet('volume', 'inspect', 'cache');
    const parsed = JSON.parse(stdout) as { volumes: object[] };
    expect(parsed.volumes).toMatchObject([
      { name: 'cache', path: diskOf('cache'), sizeBytes: 64 * 1024 ** 2, machines: [], processes: [] },
    ]);
  });

  it('can be read by several machines with ro, and not be mounted rw meanwhile', async () => {
    const script = 'cat /c/file; echo ready >&2; sleep 1000';
    const readers = [1, 2].map(() =>
      home.start(['run', ...BOOT, '-v', 'cache:/c:ro', 'micro', '--', 'sh', '-c', script]),
    );
    await until(() =>
      readers.every((reader) => reader.stderr().includes('ready') && reader.stdout() === 'kept\n'),
    );
    const pids = readers.map((reader) => String(reader.process.pid));
    const writer = await run(['cache:/c'], 'true');
    expect(writer.stderr).toMatch(
      /^vmlet: volume "cache" is in use by a throw-away machine \(process \d+\), a throw-away machine \(process \d+\)\n  stop the machine that uses the volume/,
    );
    for (const pid of pids) expect(writer.stderr).toContain(`a throw-away machine (process ${pid})`);
    const removal = await home.vmlet('volume', 'rm', 'cache');
    expect(removal.status).not.toBe(0);
    for (const pid of pids) expect(removal.stderr).toContain(`a throw-away machine (process ${pid})`);
    for (const reader of readers) reader.process.kill('SIGKILL');
    await Promise.all(readers.map(async (reader) => reader.finished));
    expect((await home.vmlet('volume', 'rm', 'cache')).stdout).toBe('cache\n');
    expect(existsSync(diskOf('cache'))).toBe(false);
  });

  it('is as after a power failure when vmlet is killed, and its next writer replays the journal', async () => {
    const script = 'echo written >/c/file; sync; echo ready >&2; sleep 1000';
    const machine = home.start(['run', ...BOOT, '-v', 'cut:/c', 'micro', '--', 'sh', '-c', script]);
    await until(() => machine.stderr().includes('ready'));
    const second = await run(['cut:/c:ro'], 'true');
    expect(second.stderr).toContain('volume "cut" cannot be mounted read-only: a machine is writing to it');
    machine.process.kill('SIGKILL');
    await machine.finished;
    await until(async () => (await run(['cut:/c'], 'cat /c/file')).stdout === 'written\n');
    expect((await run(['cut:/c:ro'], 'cat /c/file')).stdout).toBe('written\n');
  });
});

it('volumes can be created and removed; a failed or killed creation leaves nothing', async () => {
  expect((await home.vmlet('volume', 'create', 'data', '--size', '8G')).stdout).toBe('data\n');
  expect((await home.vmlet('volume', 'create', 'data')).stderr).toContain('volume "data" already exists');
  expect((await home.vmlet('volume', 'create', '../x')).stderr).toContain('invalid volume name "../x"');
  expect((await home.vmlet('volume', 'create', 'x', '--size', '1K')).stderr).toContain(
    '--size: 1K is too small',
  );
  expect((await home.vmlet('volume', 'rm', 'nope')).stderr).toContain('no such volume: nope');
  expect((await home.vmlet('volume', 'rm', '-f', 'nope')).status).toBe(0);
  const table = await home.vmlet('volume', 'ls');
  expect(table.stdout).toMatch(/^NAME +SIZE +ON HOST +USED BY\n(.*\n)*data +8 GiB +\d/);
  const usage = await home.vmlet('system', 'df', '-v');
  expect(usage.stdout).toMatch(/^Volumes +data +/m);
  for (const after of [0, 20, 40, 80, 160]) {
    const creation = home.start(['volume', 'create', 'killed']);
    setTimeout(() => creation.process.kill('SIGKILL'), 400 + after);
    const { signal } = await creation.finished;
    const names = readdirSync(join(home.path, 'data/vmlet/volumes'));
    if (names.includes('killed'))
      await run(['killed:/k'], 'true').then(({ status }) => expect(status).toBe(0));
    else expect(signal).toBe('SIGKILL');
    await home.vmlet('volume', 'rm', '-f', 'killed');
  }
  expect((await home.vmlet('volume', 'create', 'last')).status).toBe(0);
  const staging = join(home.path, 'data/vmlet/volumes/.staging');
  expect(readdirSync(staging)).toEqual([]);
  const pruned = await home.vmlet('volume', 'prune');
  expect(pruned.stdout.trim().split('\n')).toEqual(expect.arrayContaining(['data', 'last']));
  expect((await home.vmlet('volume', 'ls', '-q')).stdout).toBe('');
});

it('volumes are removed with a machine on request, if no other machine uses them', async () => {
  const names = async () => (await home.vmlet('volume', 'ls', '-q')).stdout.trim().split('\n');
  const create = async (machine: string, ...volumes: readonly string[]) => {
    const options = volumes.flatMap((name) => ['-v', `${name}:/mnt/${name}`]);
    await home.vmlet('create', machine, '--image', 'micro', '--net', 'none', ...options);
  };
  for (const name of ['alone', 'both', 'other']) await home.vmlet('volume', 'create', name);
  for (const name of ['a', 'b']) await create(name, 'alone', 'both', 'other');
  await create('c', 'both');
  expect((await home.vmlet('rm', '--storage', '--volumes', 'a')).stderr).toMatch(
    /^vmlet: kept the volume alone, which another machine uses\n(.*\n){2}$/,
  );
  expect(await names()).toEqual(['alone', 'both', 'other']);
  // A throw-away machine.
  const user = home.start([
    'run',
    ...BOOT,
    '-v',
    'other:/o',
    'micro',
    '--',
    'sh',
    '-c',
    'echo ready; sleep 1000',
  ]);
  await until(() => user.stdout().includes('ready'));
  expect((await home.vmlet('rm', '--storage', '-v', 'b')).stderr).toBe(
    'vmlet: kept the volume both, which another machine uses\nvmlet: kept the volume other, which another machine uses\n',
  );
  expect(await names()).toEqual(['both', 'other']);
  user.process.kill();
  await user.finished;

  await create('d', 'both', 'other');
  expect(await home.vmlet('rm', '--storage', '--volumes', 'c', 'd')).toMatchObject({ status: 0, stderr: '' });
  expect(await names()).toEqual(['']);
});

it('a machine is removed also if its volume cannot be', async () => {
  await home.vmlet('create', 'm', '--image', 'micro', '--net', 'none', '-v', 'stays:/s');
  const staging = join(home.path, 'data/vmlet/volumes/.staging');
  rmSync(staging, { recursive: true });
  writeFileSync(staging, '');
  const { status, stderr } = await home.vmlet('rm', '--storage', '--volumes', 'm');
  rmSync(staging);
  expect(status).toBe(125);
  expect(stderr).toMatch(/^vmlet: removed m, but kept its volume stays\nvmlet: .*\.staging/);
  expect((await home.vmlet('ls', '-q', '--all')).stdout).toBe('');
  expect((await home.vmlet('volume', 'rm', 'stays')).status).toBe(0);
});

describe('a volume of a named machine', () => {
  beforeAll(async () => {
    const mounts = ['-v', 'db:/srv/db', '--mount', 'type=tmpfs,dst=/scratch,tmpfs-size=1m,tmpfs-mode=0700'];
    const made = await home.vmlet('create', 'one', '--image', 'micro', '--net', 'none', ...mounts, '--start');
    expect(made.stderr).toBe('');
    const other = await home.vmlet('create', 'two', '--image', 'micro', '--net', 'none', '-v', 'db:/db');
    expect(other.stderr).toBe('');
  });

  it('is mounted again after a reboot of the guest, with tmpfs beside it', async () => {
    expect(
      await inGuest('one', 'echo first >/srv/db/file; stat -c %a /scratch; df -k /scratch | tail -n 1'),
    ).toMatch(/^700\nvmlet +1024 /);
    expect((await home.exec('one', 'sync')).status).toBe(0);
    expect((await home.vmlet('reset', 'one')).status).toBe(0);
    const script =
      'cut -d. -f1 /proc/uptime; cat /srv/db/file; grep -c " /srv/db \\| /scratch " /proc/mounts';
    // By the command: in its first milliseconds the agent of before the reset may still answer.
    const { stdout, stderr } = await home.vmlet('exec', 'one', '--', 'sh', '-c', script);
    expect(`${stdout}${stderr}`.trim()).toMatch(/^\d\d?\nfirst\n2$/);
  });

  it('has one writer at a time, which is named to the next', async () => {
    const started = await home.vmlet('start', 'two');
    expect(started.status).not.toBe(0);
    expect(started.stderr).toMatch(/^vmlet: volume "db" is in use by machine "one"\n/);
    const removal = await home.vmlet('volume', 'rm', 'db');
    expect(removal.stderr).toContain('volume "db" is in use by machine "one", machine "two"');
    const listed = await home.vmlet('volume', 'ls');
    expect(listed.stdout).toMatch(/^db .* one, two$/m);
  });

  it('is not part of a snapshot or a save with memory, which are rejected', async () => {
    const saved = await home.vmlet('save', 'one');
    expect(saved.stderr).toContain(
      'the memory of machine "one" cannot be saved: the machine mounts volume "db"',
    );
    const snapshot = await home.vmlet('snapshot', 'create', 'one', 'now');
    expect(snapshot.stderr).toContain('--disks-only');
    expect((await home.vmlet('snapshot', 'create', 'one', 'now', '--disks-only')).stderr).toBe('');
  });

  it('is clean after a stop, unchanged by a restore, and can move to another machine', async () => {
    expect((await home.vmlet('stop', 'one')).status).toBe(0);
    expect(needsRecovery({ path: diskOf('db') })).toBe(false);
    expect((await home.vmlet('start', 'two')).stderr).toBe('');
    expect(await inGuest('two', 'cat /db/file; echo second >/db/file')).toBe('first');
    expect((await home.vmlet('stop', 'two')).status).toBe(0);
    expect((await home.vmlet('snapshot', 'restore', 'one', 'now')).status).toBe(0);
    expect((await home.vmlet('start', 'one')).stderr).toBe('');
    expect(await inGuest('one', 'cat /srv/db/file')).toBe('second');
  });

  it('outlives its machines', async () => {
    expect((await home.vmlet('rm', '--force', '--storage', 'one', 'two')).status).toBe(0);
    expect((await run(['db:/x'], 'cat /x/file')).stdout).toBe('second\n');
    expect((await home.vmlet('volume', 'rm', 'db')).stdout).toBe('db\n');
  });
});
