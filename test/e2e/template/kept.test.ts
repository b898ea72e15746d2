import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { freePort } from '../../../src/host/programs/passt-handshake.ts';
import { cpioArchive } from '../../../src/images/formats/cpio.ts';
import { buildMicro, ensureMicro } from '../../../src/images/micro/micro.ts';
import { ImageStore, type Machine, crash, launch } from '../../../src/index.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { agentProgram } from '../../../src/machine/paths/package-files.ts';
import { IN_MEMORY, directoryIn, temporaryDirectory } from '../../directory.ts';
import { type Finished, type Started, VMLET, copyCompiledCode, start } from '../command.ts';
import { until } from '../../until.ts';
import { copyProbedHost } from '../probed-host.ts';
import { whyNoShares } from '../virtiofsd.ts';
import { copyShelf } from './shelf-copy.ts';

/** The booted guests that `vmlet run` keeps. Each test has a cache of its own, and all have the image of this run. */

const run = promisify(execFile);
const MEMORY = ['--memory', '96M'];
const directory = temporaryDirectory();

interface Home {
  readonly env: NodeJS.ProcessEnv;
  readonly guests: string;
  readonly run: (...words: string[]) => Started;
  /** Runs to the end, and returns from the log where the guest came from. */
  readonly origin: (...words: string[]) => Promise<string>;
  readonly kept: () => string[];
}

function home(more: NodeJS.ProcessEnv = {}): Home {
  const cache = directoryIn(directory, 'cache-');
  copyProbedHost(join(cache, 'vmlet'));
  copyCompiledCode(join(cache, 'vmlet'));
  const env = { XDG_CACHE_HOME: cache, VMLET_FRESH: '', ...more };
  const guests = join(cache, 'vmlet/guests');
  const run = (...words: string[]): Started => start(['run', ...MEMORY, ...words], { env });
  return {
    env,
    guests,
    run,
    origin: async (...words) => originOf(await run('--debug', ...words).finished),
    kept: () => (existsSync(guests) ? readdirSync(guests).filter((name) => !name.startsWith('.')) : []),
  };
}

/** A runtime directory in memory: a first run there needs neither a file for the guest's memory nor a fork. */
const inMemory = { XDG_RUNTIME_DIR: directoryIn(IN_MEMORY, 'k-') };
afterAll(() => rmSync(inMemory.XDG_RUNTIME_DIR, { recursive: true }));

let seed: Home;
beforeAll(async () => {
  seed = home(inMemory);
  expect(await seed.origin('micro', 'true')).toBe('boot, kept');
});

/** A home with the guest that such a run kept there. */
function homeWithGuest(more: NodeJS.ProcessEnv = inMemory): Home {
  const made = home(more);
  copyShelf(seed.guests, made.guests);
  return made;
}

/** Options of unshare. */
const OWN_MOUNTS = ['--user', '--map-root-user', '--mount'];

/** Returns why this user cannot mount a file system in a namespace, as where AppArmor restricts user namespaces. */
async function whyNoOwnMounts(): Promise<string | undefined> {
  const mount = ['mount', '-t', 'tmpfs', 'tmpfs', directory];
  try {
    await run('unshare', [...OWN_MOUNTS, ...mount]);
    return undefined;
  } catch (error) {
    return `a user namespace cannot mount a file system: ${String(error)}`;
  }
}

/** A directory for XDG_CONFIG_HOME. */
function configuration() {
  const config = directoryIn(directory, 'config-');
  mkdirSync(join(config, 'vmlet'));
  const file = join(config, 'vmlet/config.yaml');
  return { config, file, configure: (text: string): void => writeFileSync(file, text) };
}

function originOf({ status, stderr }: Finished): string {
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  if (stderr.includes('"forked a kept guest"')) return 'fork';
  return stderr.includes('"kept the booted guest"') ? 'boot, kept' : 'boot';
}

async function output(started: Started): Promise<string> {
  const { status, stdout, stderr } = await started.finished;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** Sends again and again until the run has ended; something must have been sent. */
async function whileSending(finished: Promise<Finished>, send: () => Promise<boolean>): Promise<Finished> {
  let end: Finished | undefined;
  const ended = finished.then((result) => (end = result));
  let sent = 0;
  await until(async () => {
    if (await send()) sent++;
    return end;
  });
  expect(sent).toBeGreaterThan(10);
  return ended;
}

/** Returns whether a program of the host has taken the text. */
async function sendByTcp(port: number, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    let isTaken = false;
    const connection = connect(port, '127.0.0.1', () => {
      isTaken = true;
      connection.end(text);
    });
    connection.on('error', () => undefined);
    connection.once('close', () => resolve(isTaken));
    connection.setTimeout(100, () => connection.destroy());
  });
}

/** Returns whether the text was sent to a program of the host. */
async function sendByUdp(port: number, text: string): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    await new Promise<void>((resolve, reject) => {
      socket.send(text, (error) => (error ? reject(error) : resolve()));
    });
    return true;
  } finally {
    socket.close();
  }
}

/** A disk of 2 MiB whose only partition begins at 1 MiB, with a text in it. */
function partitionedDisk(): Buffer {
  const MiB = 1024 ** 2;
  const disk = Buffer.alloc(2 * MiB);
  const entry = 446;
  disk.writeUInt8(0x83, entry + 4);
  disk.writeUInt32LE(MiB / 512, entry + 8);
  disk.writeUInt32LE(MiB / 512, entry + 12);
  disk.writeUInt16LE(0xaa55, 510);
  disk.write('in the partition', MiB);
  return disk;
}

async function microFiles() {
  const image = await new ImageStore().get('micro');
  if (image.kind !== 'kernel') throw new TypeError('micro boots a kernel');
  const { kernelPath, initrdPath } = image;
  return { kernelPath, initrdPath };
}

/**
 * A data directory with the image in a store of its own: a prune also removes images without a name, and those of the
 * host may be in use by another installation of vmlet.
 */
async function ownImages(): Promise<string> {
  const data = directoryIn(directory, 'data-');
  const images = join(data, 'vmlet/images');
  const { kernelPath } = await ensureMicro({ store: ownLocations().images, agentPath: agentProgram() });
  const image = basename(dirname(kernelPath));
  cpSync(dirname(kernelPath), join(images, image), { recursive: true, preserveTimestamps: true });
  symlinkSync(image, join(images, 'micro'));
  return data;
}

describe('a run', () => {
  it('boots and keeps the guest the first time, and forks it afterwards', async () => {
    const { origin, run, env, kept, guests } = home();
    expect(await origin('micro', 'true')).toBe('boot, kept');
    expect(await origin('micro', 'true')).toBe('fork');
    // Options that every fork sets anew do not matter, and options of the guest do.
    expect(
      await origin('--name', 'web', '-p', '80/udp', '-e', 'A=b', '--timeout', '5m', 'micro', 'true'),
    ).toBe('fork');
    expect(await origin('--cpus', '2', 'micro', 'true')).toBe('boot, kept');
    expect(await origin('--net', 'none', 'micro', 'true')).toBe('boot, kept');
    expect(kept()).toHaveLength(3);
    expect(await output(run('--name', 'web', 'micro', 'sh', '-c', 'hostname; exit 0'))).toBe('web\n');
    const script = await output(run('--dry-run', 'micro'));
    expect(script).toMatch(/^#!\/bin\/sh\n# Forks the guest that an earlier run kept at 20/);
    const [check = ''] = /^command -v socat .*\n/m.exec(script) ?? [];
    await expect(
      promisify(execFile)('/bin/sh', ['-c', check], { env: { PATH: '/missing' } }),
    ).rejects.toMatchObject({
      code: 1,
      stderr: 'this script requires socat\n',
    });
    expect(await output(run('--dry-run', '--fresh', 'micro'))).toMatch(
      /^#!\/bin\/sh\n# Boots the guest: kept guests are not used with --fresh, /,
    );
    expect(await output(run('--dry-run', '--renew', 'micro'))).toMatch(
      /^#!\/bin\/sh\n# Boots the guest and keeps it for later runs\. It replaces any guest that an earlier run kept\.\n/,
    );
    expect(await output(run('--dry-run', '--console', 'micro'))).toMatch(
      /^#!\/bin\/sh\n# Boots the guest: the console output of the boot was requested\.\n/,
    );
    const asJson = await Promise.all(
      [[], ['--fresh']].map(async (words) => output(run('--dry-run', '--json', ...words, 'micro'))),
    );
    expect(asJson.map((text) => (JSON.parse(text) as { origin: unknown }).origin)).toEqual(['kept', 'boot']);
    const withDisk = await output(run('--dry-run', '--disk', '1G', 'micro'));
    expect(withDisk).toMatch(/^#!\/bin\/sh\n# Forks the guest that an earlier run kept at 20/);
    expect(withDisk).toMatch(/^qemu-img create .*disk0.qcow2/m);
    expect(withDisk).toMatch(/^# Not included in this script: disk0\. vmlet adds these devices after/m);
    const old = await output(
      start(['run', ...MEMORY, '--dry-run', 'micro'], { env: { ...env, VMLET_KEPT_DAYS: '1e-9' } }),
    );
    expect(old).toContain('# Boots the guest: no earlier run has kept a suitable guest.\n');
    const { stdout } = await start(['system', 'df'], { env }).finished;
    expect(stdout).toMatch(/^Kept guests +3 +0 /m);
    // As private as a disk: 0700 for directories, 0600 for files.
    const modeOf = (path: string): number => statSync(path).mode & 0o777;
    expect([guests, ...kept().map((key) => join(guests, key))].map(modeOf)).toEqual(Array(4).fill(0o700));
    const files = kept().flatMap((key) =>
      readdirSync(join(guests, key)).map((name) => join(guests, key, name)),
    );
    expect(files.length).toBeGreaterThanOrEqual(9);
    expect(files.filter((path) => modeOf(path) !== 0o600)).toEqual([]);
  });

  describe('that is the first, with a runtime directory in memory,', () => {
    let runtime: string;
    beforeEach(() => {
      runtime = directoryIn(IN_MEMORY, 'k-');
    });
    afterEach(() => rmSync(runtime, { recursive: true }));

    it('runs the command in the guest that is kept, which cannot reach the files of later runs', async () => {
      const { run, kept, guests, origin } = home({ XDG_RUNTIME_DIR: runtime });
      const first = run('--debug', 'micro', 'sh', '-c', 'hostname; exec sleep 1000');
      await until(() => first.stdout().includes('vmlet\n'));
      const pid = Number(/"pid":(\d+),[^\n]*"msg":"started QEMU"/.exec(first.stderr())?.[1]);
      expect(first.stderr().match(/"started QEMU"/g)).toHaveLength(1);
      expect(kept()).toHaveLength(1);
      expect(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).not.toContain(guests);
      // Its sockets and its memory.
      expect(readdirSync(join(runtime, 'vmlet'))).toHaveLength(2);
      first.process.kill('SIGINT');
      expect(await first.finished).toMatchObject({ status: 130, stdout: 'vmlet\n' });
      expect(readdirSync(join(runtime, 'vmlet'))).toEqual([]);
      expect(await origin('micro', 'true')).toBe('fork');
    });

    it('gets what the run asked for only when it has been saved', async () => {
      const { run, kept, guests } = home({ XDG_RUNTIME_DIR: runtime });
      const source = directoryIn(directory, 'source-');
      writeFileSync(join(source, 'file'), 'of the host\n');
      const socket = join(source, 'web.sock');
      const name = `secret-${randomBytes(8).toString('hex')}`;
      const words = ['--name', name, '--disk', '64M', '-p', '80', '-p', `${socket}:80`];
      const mounts = ['-v', `${source}:/copied:copy`, '--mount', 'type=tmpfs,dst=/mnt/fast'];
      const look = 'hostname; cat /copied/file; ls /dev/vda; df /mnt/fast | tail -n 1';
      const { status, stdout, stderr } = await run(
        '--debug',
        ...words,
        ...mounts,
        'micro',
        'sh',
        '-c',
        `${look}; echo new >/copied/more`,
      ).finished;
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: expect.stringMatching(
          new RegExp(`^${name}\nof the host\n/dev/vda\n.* /mnt/fast\n$`),
        ) as string,
      });
      expect(stderr.match(/"started QEMU"/g)).toHaveLength(1);
      expect(stderr).toMatch(/forwarding 127\.0\.0\.1:\d+\/tcp to port 80/);
      expect(readFileSync(join(source, 'more'), 'utf8')).toBe('new\n');
      const [key = ''] = kept();
      const files = join(guests, key);
      for (const file of readdirSync(files)) {
        expect(readFileSync(join(files, file)).includes(name), file).toBe(false);
      }
      const record = readFileSync(join(files, 'template.json'), 'utf8');
      expect(record).not.toContain(source);
      expect(record).not.toMatch(/hostPort|disk0/);
      const later = await run('--debug', 'micro', 'sh', '-c', 'ls /copied /mnt/fast /dev/vda 2>&1; true')
        .finished;
      expect(originOf(later)).toBe('fork');
      expect(later.stdout.match(/No such file/g)).toHaveLength(3);
    });

    it.skipIf(whyNoShares)('gets shared directories and volumes when it has been saved', async () => {
      const data = await ownImages();
      const { run } = home({ XDG_RUNTIME_DIR: runtime, XDG_DATA_HOME: data });
      const source = directoryIn(directory, 'source-');
      const words = ['-v', `${source}:/shared:uid=nobody`, '-v', 'cache:/var/cache'];
      const script = 'echo new >/shared/file; echo 1 >>/var/cache/runs; wc -l </var/cache/runs';
      for (const [flags, count] of [
        [['--renew'], 1],
        [[], 2],
      ] as const) {
        const { status, stdout, stderr } = await run(
          '--debug',
          ...flags,
          ...words,
          'micro',
          'sh',
          '-c',
          script,
        ).finished;
        expect({ status, stdout: stdout.trim() }).toEqual({ status: 0, stdout: String(count) });
        expect(stderr.match(/"started QEMU"/g)).toHaveLength(1);
        expect(readFileSync(join(source, 'file'), 'utf8')).toBe('new\n');
        rmSync(join(source, 'file'));
      }
    });

    it.each([
      ['--mac', '52:54:00:aa:bb:cc'],
      ['-p', '80/udp'],
      ['--net', 'slirp', '-p', '80'],
    ])('continues in a fork with %s %s', async (...words) => {
      const { run } = home({ XDG_RUNTIME_DIR: runtime });
      const { status, stderr } = await run('--debug', ...words, 'micro', 'true').finished;
      expect(status).toBe(0);
      expect(stderr).toContain('"kept the booted guest"');
      expect(stderr.match(/"started QEMU"/g)).toHaveLength(2);
    });

    it.each(['tcp', 'udp'] as const)('saves nothing that %s clients send meanwhile', async (protocol) => {
      const { run, kept, guests } = home({ XDG_RUNTIME_DIR: runtime });
      const port = await freePort();
      const started = run('--debug', '-p', `${port}:80/${protocol}`, 'micro', 'true');
      const secret = randomBytes(16).toString('hex');
      const { status, stderr } = await whileSending(started.finished, async () =>
        (protocol === 'tcp' ? sendByTcp : sendByUdp)(port, secret),
      );
      expect(status).toBe(0);
      // A datagram would be in the memory of a guest that it reached.
      expect(stderr.match(/"started QEMU"/g)).toHaveLength(protocol === 'tcp' ? 1 : 2);
      const [key = ''] = kept();
      expect(readFileSync(join(guests, key, 'memory')).includes(secret)).toBe(false);
    });

    it('runs the command in the booted guest if it cannot be saved', async () => {
      const bin = directoryIn(directory, 'bin-');
      writeFileSync(join(bin, 'cp'), '#!/bin/sh\necho No space left on device >&2\nexit 1\n', {
        mode: 0o755,
      });
      const { run, kept, guests } = home({
        XDG_RUNTIME_DIR: runtime,
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      });
      const { status, stdout, stderr } = await run('--debug', 'micro', 'hostname').finished;
      expect({ status, stdout }).toEqual({ status: 0, stdout: 'vmlet\n' });
      expect(stderr).toContain('"the guest cannot be kept"');
      expect(stderr.match(/"started QEMU"/g)).toHaveLength(1);
      expect(kept()).toEqual([]);
      expect(readdirSync(guests)).toEqual([]);
    });

    it('can crash and boot again with its name and disks, and damages no file of later runs', async () => {
      vi.stubEnv('XDG_RUNTIME_DIR', runtime);
      vi.stubEnv('XDG_CACHE_HOME', home().env['XDG_CACHE_HOME']);
      onTestFinished(() => void vi.unstubAllEnvs());
      const options = { kept: 'use', memory: '96M', net: 'none' } as const;
      const hostname = async (machine: Machine): Promise<string> =>
        (await machine.exec(['hostname'])).stdout.toString().trim();
      for (const [name, origin] of [
        ['first', 'boot'],
        ['second', 'kept'],
      ] as const) {
        const machine = await launch({ ...options, name, disks: ['64M'] });
        expect(machine.origin).toBe(origin);
        expect(await hostname(machine)).toBe(name);
        await machine.exec(['sh', '-c', `echo ${name} | dd of=/dev/vda conv=fsync`]);
        await using crashed = await crash(machine);
        await using again = await crashed.start();
        expect(await hostname(again)).toBe(name);
        const { stdout } = await again.exec(['head', '-n', '1', '/dev/vda']);
        expect(stdout.toString()).toBe(`${name}\n`);
      }
      await using third = await launch(options);
      expect(third.origin).toBe('kept');
    });

    it('leaves nothing when it is interrupted or killed while it saves the guest', async () => {
      const bin = directoryIn(directory, 'bin-');
      const begun = join(bin, 'begun');
      writeFileSync(join(bin, 'cp'), `#!/bin/sh\n: >${begun}\nexec sleep 1000\n`, { mode: 0o755 });
      const { run, guests, origin } = home({
        XDG_RUNTIME_DIR: runtime,
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      });
      for (const end of [
        { signal: 'SIGINT', expected: { status: 130, signal: undefined, stdout: '' } },
        { signal: 'SIGKILL', expected: { status: undefined, signal: 'SIGKILL', stdout: '' } },
      ] as const) {
        rmSync(begun, { force: true });
        const started = run('micro', 'true');
        await until(() => existsSync(begun));
        started.process.kill(end.signal);
        expect(await started.finished).toMatchObject(end.expected);
        if (end.signal === 'SIGINT') expect(readdirSync(guests)).toEqual([]);
      }
      rmSync(join(bin, 'cp'));
      expect(await origin('micro', 'true')).toBe('boot, kept');
      expect(readdirSync(join(runtime, 'vmlet'))).toEqual([]);
      expect(readdirSync(guests)).toHaveLength(2);
    });
  });

  it('plugs disks into a fork, which sees them as after a boot', async () => {
    const { origin, run, kept } = home();
    const file = join(directory, 'partitioned.raw');
    writeFileSync(file, partitionedDisk());
    const look =
      'ls /dev/vd*; for disk in /sys/block/vd*; do cat $disk/size $disk/ro $disk/serial; echo; done; head -c 16 /dev/vdc1';
    const devices = ['--disk', '1G', '--disk', '2G', '--disk', `${file},readonly`];
    const share = whyNoShares === undefined ? ['-v', `${directory}:/src`] : [];
    const words = [...devices, ...share, 'micro', 'sh', '-c', look];
    const boot = await output(run('--fresh', ...words));
    expect(boot).toMatch(/^\/dev\/vda\n\/dev\/vdb\n\/dev\/vdc\n\/dev\/vdc1\n/);
    expect(await origin(...words)).toBe('boot, kept');
    for (let count = 0; count < 3; count++) expect(await output(run(...words))).toBe(boot);
    expect(await origin('--disk', '1G', 'micro', 'sh', '-c', 'echo mine >/dev/vda; sync')).toBe('fork');
    expect(await output(run('--disk', '1G', 'micro', 'head', '-c', '4', '/dev/vda'))).toBe('\0\0\0\0');
    expect(await origin('micro', 'sh', '-c', 'test ! -e /dev/vda')).toBe('fork');
    expect(kept()).toHaveLength(1);
  });

  it('boots when the guest takes no disks while it runs, and still forks for other runs', async () => {
    const { origin, kept } = home(inMemory);
    const { kernelPath, initrdPath } = await microFiles();
    // Its ports then have no driver that notices a new device.
    const guest = [
      '--kernel',
      kernelPath,
      '--initrd',
      initrdPath,
      '--append',
      'acpi=off noirqdebug pcie_ports=compat',
    ];
    expect(await origin(...guest, 'true')).toBe('boot, kept');
    const [key] = kept();
    expect(await origin(...guest, '--disk', '1G', 'test', '-b', '/dev/vda')).toBe('boot');
    expect(await origin(...guest, 'true')).toBe('fork');
    expect(kept()).toEqual([key]);
  });

  it('keeps no guest whose initramfs has the file /etc/vmlet/no-keep', async () => {
    const { run, origin, kept } = home(inMemory);
    const { kernelPath, initrdPath } = await microFiles();
    const archive = cpioArchive([
      { type: 'directory', path: 'etc', mode: 0o755 },
      { type: 'directory', path: 'etc/vmlet', mode: 0o755 },
      { type: 'file', path: 'etc/vmlet/no-keep', mode: 0o644, data: Buffer.alloc(0) },
    ]);
    const initrd = join(directory, 'no-keep.cpio');
    // The kernel unpacks concatenated archives.
    writeFileSync(initrd, Buffer.concat([readFileSync(initrdPath), archive]));
    const guest = ['--kernel', kernelPath, '--initrd', initrd, 'hostname'];
    const { status, stdout, stderr } = await run('--debug', ...guest).finished;
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'vmlet\n' });
    expect(stderr).toMatch(
      /"reason":"the guest has the file \/etc\/vmlet\/no-keep",.*"the booted guest was not kept"/,
    );
    expect(kept()).toEqual([]);
    expect(await origin(...guest)).toBe('boot');
  });

  it('boots with --fresh and VMLET_FRESH=1, and replaces the kept guest with --renew', async () => {
    const { origin, kept, guests, env } = home(inMemory);
    expect(await origin('--fresh', 'micro', 'true')).toBe('boot');
    expect(kept()).toEqual([]);
    copyShelf(seed.guests, guests);
    expect(await origin('--fresh', 'micro', 'true')).toBe('boot');
    const fresh = start(['run', ...MEMORY, '--debug', 'micro', 'true'], {
      env: { ...env, VMLET_FRESH: '1' },
    });
    expect(originOf(await fresh.finished)).toBe('boot');
    const [key = ''] = kept();
    const before = readFileSync(join(guests, key, 'template.json'), 'utf8');
    expect(await origin('--renew', 'micro', 'true')).toBe('boot, kept');
    expect(kept()).toEqual([key]);
    expect(readFileSync(join(guests, key, 'template.json'), 'utf8')).not.toBe(before);
    expect(await origin('micro', 'true')).toBe('fork');
  });

  it('names --fresh when the guest crashes under the command, if it was forked', async () => {
    const { run } = homeWithGuest();
    const end = (how: 'c' | 'o') => ['micro', 'sh', '-c', `echo ${how} >/proc/sysrq-trigger; sleep 1000`];
    const [crash, powerOff] = [end('c'), end('o')];
    const hint =
      'the guest was forked from a kept guest; to try again with a newly booted guest: vmlet run --fresh';
    const forked = await run(...crash).finished;
    expect({ ...forked, named: forked.stderr.includes(hint) }).toMatchObject({ status: 125, named: true });
    const off = await run(...powerOff).finished;
    expect({ ...off, named: off.stderr.includes(hint) }).toMatchObject({ status: 125, named: false });
    const booted = await run('--fresh', '--debug', ...crash).finished;
    expect({ ...booted, named: booted.stderr.includes(hint) }).toMatchObject({ status: 125, named: false });
    expect(booted.stderr).toContain('"reason":"kept guests are not used"');
  });

  it('rejects contradictory options', async () => {
    const { run } = home();
    const refused = await Promise.all(
      [
        ['--fresh', '--renew', 'micro', 'true'],
        ['--template', 't', '--fresh', 'true'],
      ].map(async (words) => run(...words).finished),
    );
    expect(refused.map(({ status }) => status)).toEqual([125, 125]);
    expect(refused[0]!.stderr).toContain('--fresh: cannot be used together with --renew');
    expect(refused[1]!.stderr).toContain('cannot be used together with --');
  });

  it.each([
    ['VMLET_KEPT_SIZE', '0'],
    ['VMLET_KEPT_SIZE', '1M'],
    ['VMLET_KEPT_DAYS', '0'],
  ])('boots when %s=%s forbids kept guests, and forks none', async (variable, value) => {
    const { run, kept } = homeWithGuest({ ...inMemory, [variable]: value });
    for (const [flags, remark] of [
      [[], 'Boots the guest:'],
      [['--renew'], 'Boots the guest, and does not keep it:'],
    ] as const) {
      expect(await output(run('--dry-run', ...flags, 'micro'))).toContain(`\n# ${remark} ${variable} is `);
    }
    expect(kept()).toHaveLength(1);
    const first = await run('--debug', 'micro', 'true').finished;
    expect(originOf(first)).toBe('boot');
    expect(first.stderr).toContain(`"reason":"${variable} is `);
    expect(kept()).toEqual([]);
  });

  it('boots without a word where the cache has no room for the guest', async ({ skip }) => {
    const obstacle = await whyNoOwnMounts();
    if (obstacle !== undefined) return skip(obstacle);
    const { env, guests } = home({ VMLET_KEPT_SIZE: '1G' });
    const cache = env['XDG_CACHE_HOME'] ?? '';
    const script = `cp -a "${cache}" "${cache}.copy" && mount -t tmpfs -o size=500M,mode=700 tmpfs "${cache}" && cp -a "${cache}.copy/." "${cache}" && exec "$@"`;
    const words = [process.execPath, VMLET, 'run', ...MEMORY];
    const inTmpfs = async (...more: string[]): Promise<unknown> =>
      run('unshare', [...OWN_MOUNTS, 'sh', '-c', script, 'sh', ...words, ...more], {
        env: { ...process.env, ...env },
      });
    expect(await inTmpfs('micro', 'hostname')).toEqual({ stdout: 'vmlet\n', stderr: '' });
    expect(await inTmpfs('--debug', 'micro', 'true')).toMatchObject({
      stderr: expect.stringContaining('"there is not enough disk space"') as string,
    });
    expect(existsSync(guests)).toBe(false);
  });

  it('boots where no file can be created beside the kept guests', async ({ skip }) => {
    const obstacle = await whyNoOwnMounts();
    if (obstacle !== undefined) return skip(obstacle);
    for (const { env, guests } of [home(inMemory), homeWithGuest()]) {
      mkdirSync(guests, { recursive: true, mode: 0o700 });
      const script = `cp -a "${guests}" "${guests}.copy" && mount -t tmpfs -o size=2G,mode=700 tmpfs "${guests}" && cp -a "${guests}.copy/." "${guests}" && mount -o remount,bind,ro "${guests}" && exec "$@"`;
      const words = [process.execPath, VMLET, 'run', ...MEMORY, '--debug', 'micro', 'hostname'];
      const options = { env: { ...process.env, ...env } };
      expect(await run('unshare', [...OWN_MOUNTS, 'sh', '-c', script, 'sh', ...words], options)).toEqual({
        stdout: 'vmlet\n',
        stderr: expect.stringContaining(`"reason":"${guests} cannot be written"`) as string,
      });
    }
  });

  it('names an invalid setting', async () => {
    const { run } = home({ VMLET_KEPT_SIZE: 'much' });
    const { status, stderr } = await run('micro', 'true').finished;
    expect({ status, stderr }).toMatchObject({
      status: 125,
      stderr: expect.stringContaining('VMLET_KEPT_SIZE: invalid size "much"') as string,
    });
  });
});

it('kept guests have the limits of the configuration file, and of the environment before it', async () => {
  const { config, file, configure } = configuration();
  const { env, run, origin, kept } = home({ XDG_CONFIG_HOME: config });
  const doctor = async (more: NodeJS.ProcessEnv = {}): Promise<string> =>
    output(start(['doctor'], { env: { ...env, ...more } }));

  configure('kept: { size: 0 }\n');
  expect(await origin('micro', 'true')).toBe('boot');
  expect(kept()).toEqual([]);
  expect(await doctor()).toContain(`vmlet run keeps no booted guests, because kept.size in ${file} is 0\n`);

  const preferred = home({ XDG_CONFIG_HOME: config, VMLET_KEPT_SIZE: '1G' });
  copyShelf(seed.guests, preferred.guests);
  configure('kept: { size: 0, days: 30 }\n');
  expect(await preferred.origin('micro', 'true')).toBe('fork');
  expect(await doctor({ VMLET_KEPT_SIZE: '1G' })).toContain(
    `up to 1 GiB (VMLET_KEPT_SIZE) and for 30 days (kept.days in ${file});`,
  );
  configure('kept: { size: 0, days: 0 }\n');
  expect(await preferred.origin('micro', 'true')).not.toBe('fork');

  configure('kept:\n  days: soon\n');
  const { status, stderr } = await run('micro', 'true').finished;
  expect({ status, stderr }).toMatchObject({
    status: 125,
    stderr: expect.stringContaining(
      `${file}:2: kept.days: "soon": expected a number of days, 0 or more, such as 7`,
    ) as string,
  });
  expect(await output(run('--fresh', 'micro', 'echo', 'booted'))).toBe('booted\n');
  expect(await doctor()).toContain(`vmlet run fails without --fresh: ${file}:2: kept.days`);
});

describe('kept guests', () => {
  it('contain nothing of the run that kept them, nor of those that were forked from them', async () => {
    const { run } = home();
    const look = 'cat /root/mark /run/mark 2>/dev/null; echo mine | tee /root/mark > /run/mark; sync';
    for (let count = 0; count < 3; count++) expect(await output(run('micro', 'sh', '-c', look))).toBe('');
  });

  it('are forked into guests as fresh as booted ones', async () => {
    const runtime = directoryIn(IN_MEMORY, 'k-');
    onTestFinished(() => rmSync(runtime, { recursive: true }));
    const { run } = home({ XDG_RUNTIME_DIR: runtime });
    const identity =
      'head -c 16 /dev/urandom | od -An -tx1; cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id ' +
      '/sys/class/net/eth0/address; echo $(($(date +%s) / 60)); hostname; date +%Z; ' +
      'ip -o addr show dev eth0 scope global | tr -s " " | cut -d " " -f 4';
    const looks = async (...flags: string[]): Promise<string[]> => {
      const lines = (await output(run(...flags, 'micro', 'sh', '-c', identity))).trim().split('\n');
      expect(Math.abs(Number(lines[4]) - Date.now() / 60_000)).toBeLessThan(2);
      return lines;
    };
    const first = await looks();
    const [one, other] = [await looks(), await looks()];
    const boot = await looks('--fresh');
    // Random numbers and ids differ; the rest is as after a boot. The first run is a boot: it has its hardware address.
    for (const line of [0, 1, 2]) {
      expect(new Set([first, one, other, boot].map((all) => all[line])).size).toBe(4);
    }
    expect(first[3]).toBe(boot[3]);
    expect(new Set([one, other, boot].map((all) => all[3])).size).toBe(3);
    // Name, time zone and addresses.
    expect(boot.slice(5)).toEqual(['vmlet', 'UTC', '10.0.2.15/24', 'fd76:6d6c:6574::15/64']);
    for (const guest of [first, one, other]) expect(guest.slice(5)).toEqual(boot.slice(5));
  });

  it('are saved by one of several concurrent first runs, and the others do not wait', async () => {
    const { origin, kept } = home();
    const origins = await Promise.all([1, 2, 3].map(async () => origin('micro', 'true')));
    expect(origins.filter((one) => one === 'boot, kept')).toHaveLength(1);
    expect(kept()).toHaveLength(1);
    expect(await origin('micro', 'true')).toBe('fork');
  });

  it('are complete or missing, however a first run is killed', async () => {
    const { run, origin, kept, guests } = home();
    const first = run('--debug', 'micro', 'true');
    await until(() => first.stderr().includes('the agent answers'));
    first.process.kill('SIGKILL');
    await first.finished;
    expect(await origin('micro', 'true')).toMatch(/^boot, kept$|^fork$/);
    expect(kept()).toHaveLength(1);
    // The killed run’s leftovers are gone: one directory and its name remain.
    expect(readdirSync(guests)).toHaveLength(2);
  });

  it('are not used when their files are damaged', async () => {
    const { origin, kept, guests } = homeWithGuest();
    writeFileSync(join(guests, kept()[0]!, 'state'), 'nonsense');
    expect(await origin('micro', 'true')).toBe('boot, kept');
    writeFileSync(join(guests, kept()[0]!, 'template.json'), '{');
    expect(await origin('micro', 'true')).toBe('boot, kept');
    expect(await origin('micro', 'true')).toBe('fork');
  });

  it('are not used when a file that they depend on has changed', async () => {
    const { origin } = home(inMemory);
    const { kernelPath } = await microFiles();
    const kernel = join(directory, 'a kernel');
    copyFileSync(kernelPath, kernel);
    expect(await origin('--kernel', kernel, 'true')).toBe('boot, kept');
    expect(await origin('--kernel', kernel, 'true')).toBe('fork');
    utimesSync(kernel, new Date(), new Date(1e12));
    expect(await origin('--kernel', kernel, 'true')).toBe('boot, kept');
  });

  it('are not used for an image that was tagged anew', async () => {
    const XDG_DATA_HOME = await ownImages();
    const { env, origin } = home({ ...inMemory, XDG_DATA_HOME });
    const tag = async (image: string): Promise<string> =>
      output(start(['image', 'tag', image, 'mine'], { env }));
    await tag('micro');
    expect(await origin('mine', 'true')).toBe('boot, kept');
    expect(await origin('mine', 'true')).toBe('fork');
    // Another agent makes another image.
    const agentPath = join(directory, 'another agent');
    writeFileSync(agentPath, Buffer.concat([readFileSync(agentProgram()), Buffer.alloc(1)]));
    const { kernelPath } = await buildMicro({ store: join(XDG_DATA_HOME, 'vmlet/images'), agentPath });
    await tag(basename(dirname(kernelPath)).replace('sha256-', 'sha256:'));
    expect(await origin('mine', 'true')).toBe('boot, kept');
  });

  it('are not made of a guest that does not boot', async () => {
    const { run, kept } = home(inMemory);
    const { kernelPath, initrdPath } = await microFiles();
    const guest = ['--kernel', kernelPath, '--initrd', initrdPath, '--append', 'rdinit=/missing panic=-1'];
    const { status, stderr } = await run(...guest, 'true').finished;
    expect({ status, stderr }).toEqual({
      status: 125,
      stderr: expect.stringContaining("the guest's kernel panicked") as string,
    });
    expect(kept()).toEqual([]);
  });

  it('are not used from a directory that other users can write to', async () => {
    const { run, guests, kept } = homeWithGuest();
    const opened = [
      [dirname(guests), `other users can write to ${dirname(guests)}, and could replace ${guests}`],
      [guests, `${guests} is not a private directory of this user`],
    ] as const;
    for (const [path, problem] of opened) {
      chmodSync(path, 0o777);
      for (const flags of [[], ['--renew'], ['--dry-run']]) {
        const { status, stderr } = await run(...flags, 'micro', 'true').finished;
        expect({ status, stderr }).toEqual({
          status: 125,
          stderr: expect.stringContaining(problem) as string,
        });
      }
      chmodSync(path, 0o700);
    }
    expect(kept()).toHaveLength(1);
  });

  it('are not used after a reboot of the host that came before they were flushed', async () => {
    const { origin, kept, guests } = homeWithGuest();
    const record = join(guests, kept()[0]!, 'template.json');
    const content = JSON.parse(readFileSync(record, 'utf8')) as { unflushedSince: string };
    expect(content.unflushedSince).toMatch(/^[0-9a-f-]{36}$/);
    writeFileSync(record, JSON.stringify({ ...content, unflushedSince: 'another boot' }));
    expect(await origin('micro', 'true')).toBe('boot, kept');
  });

  it('are removed after their image, also with an invalid configuration file', async () => {
    const { config, configure } = configuration();
    configure('kept: { size: much }\n');
    const { env, guests, kept } = homeWithGuest();
    const data = directoryIn(directory, 'data-');
    const store = new ImageStore({ ...process.env, ...env, XDG_DATA_HOME: data, XDG_CONFIG_HOME: config });
    await store.prune();
    const [key = ''] = kept();
    const record = join(guests, key, 'template.json');
    const content = JSON.parse(readFileSync(record, 'utf8')) as { readonly basis: object };
    const basis = Object.fromEntries(Object.keys(content.basis).map((path) => [path, 'another file']));
    writeFileSync(record, JSON.stringify({ ...content, basis }));
    await store.prune();
    expect({ key, kept: kept() }).toEqual({ key: expect.stringMatching(/^[0-9a-f]+$/) as string, kept: [] });
  });

  it('are removed with their image', async () => {
    const { origin, env, guests } = home({ ...inMemory, XDG_DATA_HOME: await ownImages() });
    expect(await origin('micro', 'true')).toBe('boot, kept');
    expect((await start(['image', 'rm', 'micro'], { env }).finished).status).toBe(0);
    expect(readdirSync(guests)).toEqual([]);
  });

  it('are removed by a prune, and a fork of them keeps running', async () => {
    const { run, origin, env, kept, guests } = home({ ...inMemory, XDG_DATA_HOME: await ownImages() });
    expect(await origin('micro', 'true')).toBe('boot, kept');
    // Ctrl-C in the terminal, or SIGTERM, goes to the command.
    const command = 'trap "cat /etc/hostname; exit 0" TERM; echo up; sleep 10000 & wait';
    const running = run('micro', 'sh', '-c', command);
    await until(() => running.stdout().includes('up'));
    expect((await start(['system', 'df'], { env }).finished).stdout).toMatch(/^Kept guests +1 +1 /m);
    const { status } = await start(['system', 'prune'], { env }).finished;
    expect(status).toBe(0);
    running.process.kill('SIGTERM');
    expect((await running.finished).stdout).toBe('up\nvmlet\n');
    await origin('--renew', 'micro', 'true');
    expect((await start(['system', 'prune', '--dry-run'], { env }).finished).stdout).toMatch(
      /^micro [0-9a-f]{12}$/m,
    );
    expect(kept()).toHaveLength(1);
    expect((await start(['system', 'prune'], { env }).finished).stdout).toMatch(/^micro [0-9a-f]{12}$/m);
    expect(readdirSync(guests)).toEqual([]);
    expect(await output(run('micro', 'echo', 'again'))).toBe('again\n');
  });
});
