import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Machine, MachineEndedError, TimedOutError, type VolumeInput, launch } from '../../src/index.ts';
import { directoryIn, temporaryDirectory } from '../directory.ts';
import { type Started, start, vmlet } from './command.ts';
import { awaitedLater, until } from '../until.ts';
import { failingVirtiofsd, whyNoShares } from './virtiofsd.ts';

const directory = temporaryDirectory();
const isRoot = process.getuid?.() === 0;
const BRIEF_MS = 30_000;

const withVirtiofsd = it.skipIf(whyNoShares !== undefined);

/** A new directory, as it is given to -v. */
function shared(name = 'shared-'): string {
  return directoryIn(directory, name);
}

/** A fork of a kept guest, which takes directories while it runs. */
async function machineWith(...volumes: readonly VolumeInput[]): Promise<Machine> {
  return launch({ net: 'none', volumes, kept: 'use' });
}

/** A guest that has its directories when it boots. */
async function bootedWith(...volumes: readonly VolumeInput[]): Promise<Machine> {
  return launch({ net: 'none', volumes });
}

async function ran(machine: Machine, ...argv: readonly string[]): Promise<string> {
  const { stdout, stderr } = await machine.exec(argv, { timeoutMs: BRIEF_MS });
  return `${stdout.toString()}${stderr.toString()}`.trim();
}

/** The shell’s output for a command, and its status. */
async function sh(machine: Machine, script: string, user?: string): Promise<string> {
  const { stdout, stderr, exitCode } = await machine.exec(['sh', '-c', script], {
    ...(user !== undefined && { user }),
    timeoutMs: BRIEF_MS,
  });
  return [
    stdout.toString().trim(),
    stderr.toString().trim(),
    exitCode === 0 ? '' : `status ${exitCode ?? ''}`,
  ]
    .filter((text) => text !== '')
    .join('\n');
}

/** The ids of processes whose command line names a directory. */
function daemonsOf(path: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(`--shared-dir=${path}`);
      } catch {
        // It ended in the meantime.
        return false;
      }
    });
}

function daemonOf(path: string): number {
  const [pid] = daemonsOf(path);
  if (pid === undefined) throw new Error(`no virtiofsd serves ${path}`);
  return pid;
}

describe.skipIf(whyNoShares !== undefined)('one directory', () => {
  const source = shared();
  const locked = shared();
  let machine: Machine;

  beforeAll(async () => {
    writeFileSync(join(source, 'of the host'), 'written here\n');
    writeFileSync(join(locked, 'kept'), 'as it was\n');
    machine = await bootedWith(`${source}:/a/b/c`, `${locked}:/locked:ro`, `${locked}:/a/b/c/inner:ro`);
  });
  afterAll(async () => machine.kill());

  it('contains its files, and receives those that the guest writes', async () => {
    expect(await ran(machine, 'cat', '/a/b/c/of the host')).toBe('written here');
    expect(
      await sh(machine, 'cd /a/b/c; mkdir -p d/e; echo guest >d/e/f; mv d/e/f g; ln g h; ln -s g l'),
    ).toBe('');
    expect(readFileSync(join(source, 'g'), 'utf8')).toBe('guest\n');
    expect(statSync(join(source, 'h')).nlink).toBe(2);
    expect(lstatSync(join(source, 'l')).isSymbolicLink()).toBe(true);
    expect(await sh(machine, 'grep -c " /a/b/c virtiofs " /proc/mounts')).toBe('1');
  });

  it('belongs to root in the guest and to this user on the host, and chown succeeds', async () => {
    expect(
      await sh(
        machine,
        'cd /a/b/c; touch mine; mkdir -p d; chown -R 33:44 mine d; chown 33:44 .; stat -c %u:%g mine d .',
      ),
    ).toBe('0:0\n0:0\n0:0');
    for (const path of ['mine', 'd', '.']) {
      const { uid, gid } = statSync(join(source, path));
      expect([uid, gid]).toEqual([process.getuid?.(), process.getgid?.()]);
    }
  });

  it('shows changes of the host at once, even in a file that the guest has read', async () => {
    const path = join(source, 'growing');
    writeFileSync(path, 'one\n');
    for (let round = 0; round < 18; round++) {
      const before = await ran(machine, 'cat', '/a/b/c/growing');
      expect(before).toBe(readFileSync(path, 'utf8').trim());
      appendFileSync(path, `and ${round}\n`);
      expect(await ran(machine, 'cat', '/a/b/c/growing')).toBe(`${before}\nand ${round}`);
      writeFileSync(`${path}.new`, `replaced ${round}\n`);
      renameSync(`${path}.new`, path);
    }
    rmSync(path);
    expect(await sh(machine, 'cat /a/b/c/growing')).toContain('No such file');
  });

  it('shows changes of the host at once to a copy of a file', async () => {
    const path = join(source, 'copied');
    const isCurrent = async (): Promise<boolean> =>
      (await machine.readFile('/a/b/c/copied')).toString() === readFileSync(path, 'utf8');
    writeFileSync(path, 'one\n');
    const current = { before: 0, grown: 0, replaced: 0 };
    for (let round = 0; round < 18; round++) {
      if (await isCurrent()) current.before++;
      appendFileSync(path, `and ${round}\n`);
      if (await isCurrent()) current.grown++;
      writeFileSync(`${path}.new`, `replaced ${round}\n`);
      renameSync(`${path}.new`, path);
      if (await isCurrent()) current.replaced++;
    }
    expect(current).toEqual({ before: 18, grown: 18, replaced: 18 });
  });

  it('leaves what the guest has cached of other files', async () => {
    expect(await sh(machine, 'ls /a/b/c >/dev/null; grep ^drop_ /proc/vmstat')).toBe(
      'drop_pagecache 0\ndrop_slab 0',
    );
  });

  it('shows changes of the guest at once, also to a watcher on the host', async () => {
    const events: (string | null)[] = [];
    const watcher = watch(source, (_event, name) => events.push(name));
    try {
      expect(await sh(machine, 'echo guest >/a/b/c/watched')).toBe('');
      expect(readFileSync(join(source, 'watched'), 'utf8')).toBe('guest\n');
      await until(() => events.includes('watched'));
    } finally {
      watcher.close();
    }
  });

  it('cannot be changed by the guest if it is read-only', async () => {
    const tries =
      'mount -o remount,rw /locked; echo no >/locked/kept; touch /locked/new; rm /locked/kept; ls /locked';
    expect(await sh(machine, tries)).toMatch(/^kept\n(.*Read-only file system\n?){3}$/);
    expect(readFileSync(join(locked, 'kept'), 'utf8')).toBe('as it was\n');
    expect(await ran(machine, 'cat', '/a/b/c/inner/kept')).toBe('as it was');
  });

  it('contains the guest’s links without following them on the host, and allows no path out of it', async () => {
    const secret = join(directory, 'secret');
    writeFileSync(secret, 'secret\n');
    symlinkSync(secret, join(source, 'to the secret'));
    expect(await sh(machine, `cat "/a/b/c/to the secret"`)).toContain('No such file');
    expect(await sh(machine, 'cat /a/b/c/../../../etc/hostname')).toBe('vmlet');
    rmSync(secret);
  });

  it('accepts neither setuid files nor devices', async () => {
    const tries =
      'cd /a/b/c; cp /bin/busybox s; chmod 4755 s; chmod 2755 s; mknod n c 1 3; mknod m b 7 0; mkfifo p';
    const said = await sh(machine, tries);
    expect(said.match(/not permitted/g)).toHaveLength(4);
    expect(statSync(join(source, 's')).mode & 0o7777).toBe(0o755);
    expect(readdirSync(source)).not.toContain('n');
    expect(statSync(join(source, 'p')).isFIFO()).toBe(true);
  });

  it('has no socket that other processes can open', () => {
    const { sockets } = machine.plan.directory;
    expect(readdirSync(sockets)).toEqual([]);
  });
});

withVirtiofsd(
  'belongs to another user in the guest with uid, and keeps its owners with ids=host',
  async () => {
    const [squashed, numbered] = [shared(), shared()];
    const volumes = [`${squashed}:/s:uid=1000,gid=50`, `${numbered}:/n:ids=host,cache=never`];
    await using machine = await bootedWith(...volumes);
    const made = 'touch /s/made && stat -c %u:%g /s /s/made';
    expect(await sh(machine, made, '1000:50')).toBe('1000:50\n1000:50');
    expect(statSync(join(squashed, 'made')).uid).toBe(process.getuid?.());
    expect(await sh(machine, 'stat -c %u:%g /n')).toBe(`${process.getuid?.()}:${process.getgid?.()}`);
  },
);

withVirtiofsd('accepts files and directories of any user of the guest', async () => {
  const source = shared();
  chmodSync(source, 0o777);
  await using machine = await machineWith(`${source}:/s`);
  const member = 'member:x:2000:2000::/:/bin/sh';
  // A creation with the directory's group as a supplementary one is a message of its own.
  expect(await sh(machine, `echo ${member} >>/etc/passwd; echo team:x:0:member >>/etc/group`)).toBe('');
  const makes = 'n=$(id -u); umask 0; echo $n >/s/f$n && mkdir /s/d$n && touch /s/d$n/in && id -G';
  expect(await sh(machine, makes, '1000:1000')).toBe('1000');
  expect(await sh(machine, makes, '33:33')).toBe('33');
  expect(await sh(machine, makes, 'member')).toBe('2000 0');
  expect(await sh(machine, 'cd /s; stat -c %u:%g * */* | uniq')).toBe('0:0');
  const made = readdirSync(source, { recursive: true, encoding: 'utf8' }).sort();
  expect(made).toEqual(
    ['1000', '2000', '33'].flatMap((id) => [`d${id}`, `d${id}/in`]).concat('f1000', 'f2000', 'f33'),
  );
  for (const name of made) {
    const { uid, gid } = statSync(join(source, name));
    expect([name, uid, gid]).toEqual([name, process.getuid?.(), process.getgid?.()]);
  }
  expect(readFileSync(join(source, 'f2000'), 'utf8')).toBe('2000\n');
});

withVirtiofsd('can be written by another user of the guest with uid, and not after chown', async () => {
  const [roots, users] = [shared(), shared()];
  for (const path of [roots, users]) chmodSync(path, 0o755);
  await using machine = await machineWith(`${roots}:/r`, `${users}:/u:uid=33`);
  // As images start that give their data directory to their service's user.
  const starts = 'for at in /r /u; do chown 33:33 $at && chmod 700 $at && stat -c %u:%g:%a $at; done';
  expect(await sh(machine, starts)).toBe('0:0:700\n33:33:700');
  const writes = 'echo data >/r/file; ls /r; echo data >/u/file && stat -c %u:%g /u/file';
  const said = await sh(machine, writes, '33:33');
  expect(said).toMatch(/^33:33\n/);
  expect(said.match(/Permission denied/g)).toHaveLength(2);
  expect([readdirSync(roots), readdirSync(users)]).toEqual([[], ['file']]);
  expect(statSync(join(users, 'file')).uid).toBe(process.getuid?.());
});

it.skipIf(!isRoot || whyNoShares !== undefined)(
  'is accessed as its owner when root starts the machine',
  async () => {
    const source = shared();
    const foreign = join(source, 'of root');
    writeFileSync(foreign, 'x', { mode: 0o600 });
    chownSync(source, 4321, 1234);
    await using machine = await machineWith(`${source}:/s`);
    expect(await sh(machine, 'cd /s; touch made; cat "of root"; stat -c %u made')).toMatch(
      /Permission denied/,
    );
    const { uid, gid } = statSync(join(source, 'made'));
    expect([uid, gid]).toEqual([4321, 1234]);
  },
);

it.skipIf(!isRoot || whyNoShares !== undefined)(
  'has the same owners on both sides with ids=host when root starts the machine',
  async () => {
    const source = shared();
    for (const [name, uid, gid] of [
      ['of 1000', 1000, 1000],
      ['of 0', 0, 0],
    ] as const) {
      writeFileSync(join(source, name), 'x');
      chownSync(join(source, name), uid, gid);
    }
    chmodSync(source, 0o777);
    const owner = (name: string): string => {
      const { uid, gid } = statSync(join(source, name));
      return `${uid}:${gid}`;
    };
    await using machine = await machineWith(`${source}:/s:ids=host`);
    const looks = 'cd /s; stat -c %u:%g:%n *';
    expect(await sh(machine, looks)).toBe('0:0:of 0\n1000:1000:of 1000');

    expect(await sh(machine, 'cd /s; touch a; mkdir b; ln -s a c', '1000:1000')).toBe('');
    expect(await sh(machine, 'cd /s; touch d; mkdir e')).toBe('');
    expect(await sh(machine, looks)).toBe(
      '1000:1000:a\n1000:1000:b\n1000:1000:c\n0:0:d\n0:0:e\n0:0:of 0\n1000:1000:of 1000',
    );
    expect(['a', 'b', 'd', 'e'].map(owner)).toEqual(['1000:1000', '1000:1000', '0:0', '0:0']);
    expect(lstatSync(join(source, 'c'))).toMatchObject({ uid: 1000, gid: 1000 });

    // A hostile root, which has all these rights on its own disk.
    const tries =
      'cd /s; cp /bin/busybox s; for m in 4755 2755 6755; do chmod $m s; done; chmod g+s b; mknod n c 1 3; mknod m b 7 0; ' +
      'cp -p /tmp/s t; install -m 4755 /bin/busybox u; mkdir -m 2777 v; rm -rf s t u v';
    const said = await sh(machine, `cp /bin/busybox /tmp/s && chmod 4755 /tmp/s; ${tries}`);
    expect(said.match(/not permitted/g)).toHaveLength(9);
    expect(readdirSync(source).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'of 0', 'of 1000']);
    expect(lstatSync(join(source, 'b')).mode & 0o7000).toBe(0);

    // By the guest, then by the host.
    expect(await sh(machine, 'cd /s; chown 0:0 a; chown 1000:44 d; chown 33 "of 0"')).toBe('');
    expect(['a', 'd', 'of 0'].map(owner)).toEqual(['0:0', '1000:44', '33:0']);
    for (const name of ['a', 'd']) chownSync(join(source, name), name === 'a' ? 1000 : 0, 7);
    expect(await sh(machine, 'cd /s; stat -c %u:%g a d')).toBe('1000:7\n0:7');

    const denied = await sh(machine, 'cd /s; chown 1000 d; chown 0 a; echo no >d', '1000:1000');
    expect(denied.match(/not permitted|denied/g)).toHaveLength(3);
    expect(['a', 'd'].map(owner)).toEqual(['1000:7', '0:7']);
  },
);

withVirtiofsd('does not share locks with the host', async () => {
  const source = shared();
  const holder = spawn('flock', [join(source, 'of the host'), 'sh', '-c', 'echo held; cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  const lock = (path: string) => spawnSync('flock', ['-n', join(source, path), 'true']).status;
  expect(lock('of the host')).toBe(1);
  const script =
    'flock -n "/s/of the host" echo locked; exec flock "/s/of the guest" sh -c ' +
    '"flock -n \'/s/of the guest\' true || echo held; until [ -e /s/end ]; do :; done"';
  // micro has no flock.
  const words = ['run', '--net', 'none', '-v', `${source}:/s`, 'host', '--', 'sh', '-c', script];
  const guest = start(words);
  try {
    await until(() => guest.stdout().includes('held'));
    expect(lock('of the guest')).toBe(0);
  } finally {
    writeFileSync(join(source, 'end'), '');
    holder.stdin.end();
  }
  expect(await guest.finished).toMatchObject({ status: 0, stdout: 'locked\nheld\n' });
});

withVirtiofsd('can have any name', async () => {
  const names = ['a:b', 'with, comma', 'new\nline', 'x'.repeat(200), '-v', '%s "quoted"'];
  const volumes = names.map((name, index) => {
    const source = join(shared(), name);
    mkdirSync(source);
    writeFileSync(join(source, 'file'), name);
    return { source, target: `/shares/${index} of:${name.slice(0, 20)}` };
  });
  const link = join(directory, 'link to a share');
  symlinkSync(volumes[0]?.source ?? '', link);
  await using machine = await bootedWith(...volumes, { source: link, target: '/link' });
  for (const [index, { target }] of volumes.entries()) {
    expect(await machine.readFile(`${target}/file`)).toEqual(Buffer.from(names[index] ?? ''));
  }
  expect((await machine.readFile('/link/file')).toString()).toBe(names[0]);
});

withVirtiofsd('is not read again with cache=always, beside one that is', async () => {
  const [kept, read] = [shared(), shared()];
  const write = (text: string): void => {
    for (const path of [kept, read]) writeFileSync(join(path, 'file'), text);
  };
  write('one');
  await using machine = await machineWith(`${kept}:/kept:cache=always`, `${read}:/read`);
  expect(await sh(machine, 'cat /kept/file /read/file')).toBe('oneone');
  write('two');
  expect(await sh(machine, 'cat /kept/file /read/file')).toBe('onetwo');
});

withVirtiofsd('can disappear without ending the machine', async () => {
  const source = shared();
  writeFileSync(join(source, 'file'), 'x');
  await using machine = await machineWith(`${source}:/s`);
  rmSync(source, { recursive: true });
  expect(await sh(machine, 'cat /s/file; touch /s/new; echo on')).toMatch(
    /^on\n.*\/s\/file.*No such file.*\n.*\/s\/new.*No such file/,
  );
  expect(existsSync(source)).toBe(false);
});

describe.skipIf(whyNoShares !== undefined)('virtiofsd', () => {
  it('ends the machine when it ends, and the machine reports it', async () => {
    const source = shared();
    await using machine = await bootedWith(`${source}:/s`);
    const pid = daemonOf(source);
    const hanging = awaitedLater(machine.exec(['sh', '-c', 'while :; do ls /s >/dev/null; done']));
    process.kill(pid, 'SIGKILL');
    const outcome = await machine.ended;
    expect(outcome).toMatchObject({ kind: 'share-lost', target: '/s', status: { signal: 'SIGKILL' } });
    await expect(hanging).rejects.toThrow(MachineEndedError);
    await expect(hanging).rejects.toThrow('virtiofsd, which serves /s in the guest, was killed by SIGKILL');
  });

  it('ends with its machine, however that ends', async () => {
    const source = shared();
    const ends = [
      async (machine: Machine) => machine.kill(),
      async (machine: Machine) => machine.stop(),
      async (machine: Machine) => machine.qmp.execute('quit').then(async () => machine.ended),
    ];
    const kinds: string[] = [];
    for (const end of ends) {
      const machine = await machineWith(`${source}:/s`);
      expect(daemonsOf(source)).not.toEqual([]);
      await end(machine);
      kinds.push((await machine.ended).kind);
      expect(daemonsOf(source)).toEqual([]);
    }
    expect(kinds).toEqual(['killed', 'power-off', 'host-quit']);
  });

  it.each(['stop', 'kill'] as const)('delays neither time limits nor %s when it hangs', async (end) => {
    const source = shared();
    writeFileSync(join(source, 'file'), 'x');
    const begin = end === 'stop' ? bootedWith : machineWith;
    await using machine = await begin(`${source}:/s`);
    process.kill(daemonOf(source), 'SIGSTOP');
    // It waits for virtiofsd, and no signal ends it.
    const hangs = machine.exec(['cat', '/s/file'], { timeoutMs: 1000 });
    await expect(hangs).rejects.toThrow(TimedOutError);
    expect(await sh(machine, 'echo on')).toBe('on');
    // The agent itself waits from now on.
    const waits = machine.readFile('/s/file', { signal: AbortSignal.timeout(2000) });
    await expect(waits).rejects.toThrow('aborted due to timeout');
    await expect(machine.exec(['true'], { timeoutMs: 2000 })).rejects.toThrow(TimedOutError);
    await machine[end]();
    expect((await machine.ended).kind).toBe('killed');
    expect(daemonsOf(source)).toEqual([]);
  });

  it('does not keep stop from ending the machine right after its own end', async () => {
    const source = shared();
    await using machine = await machineWith(`${source}:/s`);
    machine.exec(['sh', '-c', 'while :; do ls /s >/dev/null; done']).catch(() => undefined);
    process.kill(daemonOf(source), 'SIGKILL');
    const { outcome } = await machine.stop();
    expect(outcome).toMatchObject({ kind: 'share-lost', target: '/s' });
    expect(daemonsOf(source)).toEqual([]);
  });

  it('ends with its launcher at any moment, and leaves no socket', async () => {
    const source = shared();
    const runtime = shared('run-');
    const env = { XDG_RUNTIME_DIR: runtime };
    const flags = ['--net', 'none', '-v', `${source}:/s`];
    const command = ['sh', '-c', 'while echo works; do ls /s >/dev/null; done'];
    const kill = async (launcher: Started): Promise<void> => {
      launcher.process.kill('SIGKILL');
      await launcher.finished;
      await until(() => daemonsOf(source).length === 0);
    };
    for (const afterDaemonMs of [0, 10, 20, 40, 80, 150, 300]) {
      const launcher = start(['run', ...flags, 'micro', '--', ...command], { env });
      await until(() => daemonsOf(source).length > 0);
      await delay(afterDaemonMs);
      await kill(launcher);
    }
    const used = start(['run', ...flags, 'micro', '--', ...command], { env });
    await until(() => used.stdout().includes('works'));
    expect(daemonsOf(source)).toHaveLength(1);
    await kill(used);
    await start(['run', '--net', 'none', 'micro', '--', 'true'], { env }).finished;
    const left = join(runtime, 'vmlet');
    expect(existsSync(left) ? readdirSync(left) : []).toEqual([]);
  });
});

describe('vmlet run -v', () => {
  withVirtiofsd('runs a command in a directory of the host', async () => {
    const source = shared();
    writeFileSync(join(source, 'Makefile'), 'test:\n\techo tested\n');
    const script = 'cat Makefile >copy; pwd';
    const running = start(['run', '-v', '.:/src', '-w', '/src', 'micro', '--', 'sh', '-c', script], {
      cwd: source,
    });
    expect(await running.finished).toMatchObject({ status: 0, stdout: '/src\n', stderr: '' });
    expect(readFileSync(join(source, 'copy'), 'utf8')).toContain('echo tested');
  });

  withVirtiofsd.each([
    { user: '1000:50', owner: '1000:50', more: [] },
    { user: 'nobody', owner: '65534:65534', more: [] },
    { user: 'nobody:users', owner: '65534:100', more: [] },
    { user: '1000:users', owner: '1000:100', more: ['--fresh'] },
    { user: 'nobody', owner: '65534:65534', more: ['--fresh', '-v', `${directory}:/other:ro,uid=7`] },
  ])('gives the files to the user of the command: -u $user $more', async ({ user, owner, more }) => {
    const source = shared();
    const flags = ['--net', 'none', '-u', user, '-v', `${source}:/s`, ...more];
    const script = 'touch /s/a && stat -c %u:%g /s /s/a';
    const { stdout, stderr } = await vmlet('run', ...flags, 'micro', '--', 'sh', '-c', script);
    expect({ stdout, stderr }).toEqual({ stdout: `${owner}\n${owner}\n`, stderr: '' });
    expect(statSync(join(source, 'a')).uid).toBe(process.getuid?.());
  });

  withVirtiofsd('gives the files to a user of the host in the host’s own system', async () => {
    const source = shared();
    const flags = ['--net', 'none', '-u', 'nobody', '-v', `${source}:/s`];
    const script = 'touch /s/a && [ "$(stat -c %u:%g /s/a)" = "$(id -u):$(id -g)" ] && id -un';
    const { stdout } = await vmlet('run', ...flags, 'host', '--', 'sh', '-c', script);
    expect(stdout).toBe('nobody\n');
    expect(statSync(join(source, 'a')).uid).toBe(process.getuid?.());
  });

  it('gives the files of a copy to the user of the command, by name', async () => {
    const source = shared();
    writeFileSync(join(source, 'a'), '');
    const flags = ['--net', 'none', '-u', 'nobody', '-v', `${source}:/s:copy`];
    const { stdout } = await vmlet('run', ...flags, 'micro', '--', 'stat', '-c', '%u:%g', '/s/a');
    expect(stdout).toBe('65534:65534\n');
  });

  withVirtiofsd.each([
    { user: 'webmaster', problem: 'the guest has no such user: webmaster' },
    { user: 'nobody:webmasters', problem: 'the guest has no such user or group: nobody:webmasters' },
  ])('rejects -u $user, which the guest does not have', async ({ user, problem }) => {
    const flags = ['--net', 'none', '-u', user, '-v', `${shared()}:/s`];
    const { status, stderr } = await vmlet('run', ...flags, 'micro', '--', 'true');
    expect(stderr).toBe(
      `vmlet: -v: ${problem}\n  choose a user that is in /etc/passwd of the guest, or give numbers: uid=N,gid=N\n`,
    );
    expect(status).toBe(125);
  });

  withVirtiofsd.each([
    [['run', '--dry-run', '-v', '.:/s:uid=nobody', 'micro', '--', 'true'], 'with --dry-run, because'],
    [['create', 'never-made', '--image', 'micro', '-v', '.:/s:gid=users'], 'for named machines\n'],
  ])('rejects names of users where no guest can be asked: %j', async (words, problem) => {
    const { status, stderr } = await vmlet(...words);
    expect(stderr).toContain(`vmlet: -v: uid and gid must be numbers ${problem}`);
    expect(status).toBe(125);
  });

  it('copies a directory in and back without virtiofsd', async () => {
    const [source, kept] = [shared(), shared()];
    mkdirSync(join(source, 'inner'));
    writeFileSync(join(source, 'inner/file'), 'one\n');
    writeFileSync(join(kept, 'file'), 'kept\n');
    const script =
      'cd /a/b; cat inner/file /kept/file; echo two >inner/file; echo new >new; stat -c %u:%g new inner/file; ' +
      'echo no >/kept/file; mkfifo fifo; ! grep virtiofs /proc/mounts';
    const flags = ['-v', `${source}:/a/b:copy,uid=7,gid=8`, '-v', `${kept}:/kept:ro,copy`];
    const ran = await vmlet('run', '--net', 'none', ...flags, 'micro', '--', 'sh', '-c', script);
    expect(ran).toMatchObject({
      status: 0,
      stdout: 'one\nkept\n0:0\n7:8\n',
      stderr: 'vmlet: 1 special file was not copied back to the host (devices or FIFOs)\n',
    });
    expect(readFileSync(join(source, 'inner/file'), 'utf8')).toBe('two\n');
    expect(readFileSync(join(source, 'new'), 'utf8')).toBe('new\n');
    expect(readFileSync(join(kept, 'file'), 'utf8')).toBe('kept\n');
  });

  it('keeps the files of a guest beside a directory that they do not fit into', async () => {
    const [source, other] = [join(shared(), 'app'), shared()];
    for (const path of ['dist', 'src']) mkdirSync(join(source, path), { recursive: true });
    writeFileSync(join(source, 'src/file'), 'before\n');
    const script = 'rmdir /s/dist; echo built >/s/dist; echo after >/s/src/file; echo new >/o/new';
    const flags = ['-v', `${source}:/s:copy`, '-v', `${other}:/o:copy`];
    const ran = await vmlet('run', '--net', 'none', ...flags, 'micro', '--', 'sh', '-c', script);
    expect(ran).toMatchObject({
      status: 125,
      stderr:
        `vmlet: nothing was copied back to ${source}; the guest’s files are in ${source}.guest\n` +
        `  a file cannot replace a directory: move ${source}/dist away, then copy the guest’s files to ${source} by hand\n`,
    });
    expect(readFileSync(join(source, 'src/file'), 'utf8')).toBe('before\n');
    expect(readFileSync(join(`${source}.guest`, 'dist'), 'utf8')).toBe('built\n');
    expect(readFileSync(join(`${source}.guest`, 'src/file'), 'utf8')).toBe('after\n');
    expect(readFileSync(join(other, 'new'), 'utf8')).toBe('new\n');
  });

  it.runIf(isRoot)('gives what it copies back to the owner of the directory, without setuid', async () => {
    const [source, unfit] = [shared(), join(shared(), 'app')];
    mkdirSync(join(source, 'inner'));
    mkdirSync(join(unfit, 'dist'), { recursive: true });
    writeFileSync(join(source, 'inner/file'), 'one\n');
    for (const path of [source, join(source, 'inner'), unfit]) chownSync(path, 4321, 1234);
    const script =
      'cd /s; echo two >inner/file; mkdir new; cp /bin/busybox new/s; chmod 6755 new/s; ln -s /etc/passwd l; ' +
      'mknod n c 1 3; rmdir /u/dist; echo built >/u/dist';
    const flags = ['-v', `${source}:/s:copy`, '-v', `${unfit}:/u:copy`];
    const ran = await vmlet('run', '--net', 'none', ...flags, 'micro', '--', 'sh', '-c', script);
    expect(ran.stderr).toContain(`the guest’s files are in ${unfit}.guest`);
    const paths = readdirSync(source, { recursive: true, encoding: 'utf8' }).sort();
    expect(paths).toEqual(['inner', 'inner/file', 'l', 'new', 'new/s']);
    for (const path of [
      ...paths.map((name) => join(source, name)),
      `${unfit}.guest`,
      `${unfit}.guest/dist`,
    ]) {
      const { uid, gid, mode } = lstatSync(path);
      expect([path, uid, gid, mode & 0o6000]).toEqual([path, 4321, 1234, 0]);
    }
    expect(readFileSync(join(source, 'inner/file'), 'utf8')).toBe('two\n');
  });

  it('keeps the files of a guest beside a file that has replaced their directory', async () => {
    const source = join(shared(), 'app');
    mkdirSync(source);
    const machine = await machineWith(`${source}:/s:copy`);
    await sh(machine, 'echo built >/s/new');
    rmSync(source, { recursive: true });
    writeFileSync(source, 'a file\n');
    await expect(machine.copyBack()).rejects.toMatchObject({
      code: 'VMLET_COPY_BACK',
      message: `nothing was copied back to ${source}: ${source} is not a directory; the guest’s files are in ${source}.guest`,
      kept: [`${source}.guest`],
    });
    await machine.kill();
    expect(readFileSync(`${source}.guest/new`, 'utf8')).toBe('built\n');
    expect(readFileSync(source, 'utf8')).toBe('a file\n');
  });

  it('names every directory whose files were kept', async () => {
    const [first, second] = [join(shared(), 'a'), join(shared(), 'b')];
    for (const path of [first, second]) mkdirSync(join(path, 'dist'), { recursive: true });
    const script = 'for at in /a /b; do rmdir $at/dist; echo built >$at/dist; done';
    const flags = ['-v', `${first}:/a:copy`, '-v', `${second}:/b:copy`];
    const ran = await vmlet('run', '--net', 'none', ...flags, 'micro', '--', 'sh', '-c', script);
    expect(ran).toMatchObject({
      status: 125,
      stderr:
        `vmlet: nothing was copied back to ${first}; the guest’s files are in ${first}.guest, ` +
        `and nothing was copied back to ${second}; the guest’s files are in ${second}.guest\n`,
    });
    for (const path of [first, second]) expect(readFileSync(`${path}.guest/dist`, 'utf8')).toBe('built\n');
  });

  it.runIf(isRoot)('copies nothing that the owner of the directory may not read', async () => {
    const source = shared();
    chownSync(source, 4321, 1234);
    writeFileSync(join(source, 'open'), 'open\n', { mode: 0o644 });
    const flags = ['--net', 'none', '-v', `${source}:/s:copy`];
    const script = ['--', 'cat', '/s/open'];
    expect(await vmlet('run', ...flags, 'micro', ...script)).toMatchObject({ status: 0, stdout: 'open\n' });
    writeFileSync(join(source, 'secret'), 'of root\n', { mode: 0o600 });
    const ran = await vmlet('run', ...flags, 'micro', ...script);
    expect(ran).toMatchObject({ status: 125, stdout: '' });
    expect(ran.stderr).toContain(`permission denied: ${source}/secret\n`);
    expect(readdirSync(source).sort()).toEqual(['open', 'secret']);
    expect(lstatSync(join(source, 'secret'))).toMatchObject({ uid: 0, gid: 0 });
  });

  it('copies in and back with --mount, which allows a colon and a comma in the path', async () => {
    const [source, kept] = [join(shared(), 'a: b, c'), shared()];
    mkdirSync(source);
    writeFileSync(join(source, 'in'), 'one\n');
    writeFileSync(join(kept, 'file'), 'kept\n');
    const mounts = [
      `type=bind,"src=${source}",dst=/s,copy,uid=7`,
      `type=bind,source=${kept},target=/kept,copy,ro`,
    ].flatMap((mount) => ['--mount', mount]);
    const script =
      'stat -c %u /s/in; cat /s/in /kept/file; echo two >/s/in; echo new >/s/out; echo no >/kept/file; ' +
      'rm -f /s/gone; exit 3';
    writeFileSync(join(source, 'gone'), 'stays\n');
    const ran = await vmlet('run', '--net', 'none', ...mounts, 'micro', '--', 'sh', '-c', script);
    expect(ran).toMatchObject({ status: 3, stdout: '7\none\nkept\n', stderr: '' });
    const contents = readdirSync(source).map((name) => [name, readFileSync(join(source, name), 'utf8')]);
    expect(contents.sort()).toEqual([
      ['gone', 'stays\n'],
      ['in', 'two\n'],
      ['out', 'new\n'],
    ]);
    expect(readFileSync(join(kept, 'file'), 'utf8')).toBe('kept\n');
  });

  withVirtiofsd('reports that the guest’s kernel lacks virtiofs', async () => {
    const flags = ['--net', 'none', '-v', `${shared()}:/s`, '--append', 'initcall_blacklist=virtio_fs_init'];
    const { status, stderr } = await vmlet('run', ...flags, 'micro', '--', 'true');
    expect(stderr).toMatch(
      /cannot mount \/s: the guest's kernel does not support virtiofs\n {2}use a kernel/,
    );
    expect(status).toBe(125);
  });

  withVirtiofsd.each([
    ['as it does', []],
    ['after the guest was asked for a user', ['-u', 'nobody']],
  ])('reports the last words of a virtiofsd that ends at its start, %s', async (_when, user) => {
    const programs = shared('programs-');
    const env = { PATH: failingVirtiofsd(programs), XDG_CACHE_HOME: shared('cache-') };
    const flags = ['--fresh', '--net', 'none', ...user, '-v', `${shared()}:/s`];
    const { status, stderr } = await start(['run', ...flags, 'micro', '--', 'true'], { env }).finished;
    expect(stderr).toMatch(/virtiofsd, which serves \/s in the guest, exited with status 1/);
    expect(stderr).toContain('cannot serve: out of ink');
    expect(status).toBe(125);
  });

  it('is rejected for a template that does not exist', async () => {
    const { stderr } = await vmlet('run', '--template', 'none', '-v', `${directory}:/s`, '--', 'true');
    expect(stderr).toContain('no such template: none');
  });

  withVirtiofsd.each([
    [['-v', './missing:/x'], /^vmlet: -v: no such directory: /],
    [['-v', 'da ta:/x'], /^vmlet: -v: invalid volume name "da ta"\n {2}expected at most 64 letters/],
    [['-v', '/etc/passwd:/x'], /^vmlet: -v: not a directory: \/etc\/passwd\n/],
    [['--mount', 'src=/missing,dst=/x'], /^vmlet: --mount: no such directory: \/missing\n/],
  ])('rejects %j', async (flags, problem) => {
    const { status, stderr } = await vmlet('run', ...flags, 'micro', '--', 'true');
    expect(stderr).toMatch(problem);
    expect(status).toBe(125);
  });

  withVirtiofsd('shows the commands with --dry-run', async () => {
    const { stdout } = await vmlet(
      'run',
      '--fresh',
      '--dry-run',
      ...['-u', 'nobody'],
      '-v',
      `${directory}:/x:ro`,
      'micro',
      '--',
      'true',
    );
    expect(stdout).toMatch(/virtiofsd' ?.*--shared-dir=|virtiofsd .*--shared-dir=/);
    expect(stdout).toContain('vhost-user-fs-pci');
  });
});
