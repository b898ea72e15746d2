import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { InvalidInputError, crash, createTemplate, launch } from '../../src/index.ts';
import { directoryIn, temporaryDirectory } from '../directory.ts';
import { type Finished, VMLET, start } from './command.ts';
import { until } from '../until.ts';
import { copyProbedHost } from './probed-host.ts';
import { Terminal } from './named/terminal.ts';
import { whyNoShares } from './virtiofsd.ts';

const top = temporaryDirectory();
const isRoot = process.getuid?.() === 0;
/** The cache of the tests with kept guests. */
let cache: string;
let project: string;

beforeAll(() => {
  cache = newCache();
  project = directoryIn(top, 'project-');
  for (const path of [top, project]) chmodSync(path, 0o755);
  writeFileSync(join(top, 'beside'), 'hidden\n');
  mkdirSync(join(project, 'inner'));
  writeFileSync(join(project, 'file'), 'of the host\n');
  writeFileSync(join(project, 'inner/program'), '#!/bin/sh\necho ran\n', { mode: 0o755 });
});

/** Without kept guests. */
function newCache(): string {
  const path = directoryIn(top, 'cache-');
  copyProbedHost(join(path, 'vmlet'));
  return path;
}

async function host(
  flags: readonly string[],
  command: readonly string[],
  { cwd = project, input = '' } = {},
): Promise<Finished> {
  return start(['run', '--net', 'none', ...flags, 'host', '--', ...command], { cwd, input }).finished;
}

async function sh(
  script: string,
  flags: readonly string[] = [],
  where: { cwd?: string } = {},
): Promise<string> {
  const { stdout, stderr } = await host(flags, ['sh', '-c', script], where);
  return `${stdout}${stderr}`.trim();
}

/** vmlet's own directories, for a command with another HOME. */
function ownFiles(): NodeJS.ProcessEnv {
  const own = process.env['HOME'] ?? '';
  return {
    XDG_DATA_HOME: process.env['XDG_DATA_HOME'] ?? join(own, '.local/share'),
    XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(own, '.cache'),
  };
}

/** Everything that a guest could change in a directory: contents, modes, owners, times. */
function stateOf(directory: string): string {
  const digest = createHash('sha256');
  for (const name of ['.', ...readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()]) {
    const path = join(directory, name);
    const { mode, uid, gid, mtimeNs, ctimeNs, nlink } = statSync(path, { bigint: true });
    digest.update([name, mode, uid, gid, mtimeNs, ctimeNs, nlink].join('\0'));
    if (statSync(path).isFile()) digest.update(readFileSync(path));
  }
  return digest.digest('hex');
}

describe.skipIf(whyNoShares !== undefined).each([
  ['from a kept guest', ''],
  ['booted', '1'],
])("the host's system, %s,", (_, fresh) => {
  beforeEach(() => {
    vi.stubEnv('VMLET_FRESH', fresh);
    vi.stubEnv('XDG_CACHE_HOME', cache);
  });
  afterEach(() => vi.unstubAllEnvs());

  it('is what it says', async () => {
    await host([], ['true']);
    const { stderr } = await host(['--debug'], ['true']);
    expect(stderr.includes('"forked a kept guest"')).toBe(fresh === '');
  });

  it("has the host's programs and settings, and the working directory", async () => {
    const script =
      'pwd; cat file; ./inner/program; sha256sum /usr/bin/env /etc/os-release; read a; echo $a; exit 3';
    const { stdout, status } = await host([], ['sh', '-c', script], { input: 'typed\n' });
    const sum = (path: string) => `${createHash('sha256').update(readFileSync(path)).digest('hex')}  ${path}`;
    expect(stdout.split('\n')).toEqual([
      ...[project, 'of the host', 'ran', sum('/usr/bin/env'), sum('/etc/os-release'), 'typed', ''],
    ]);
    expect(status).toBe(3);
  });

  it('has its own kernel, modules, memory and name, and root owns the system', async () => {
    const script =
      'uname -n; ls /lib/modules; ls -d /proc/1 /sys/class /dev/null; stat -c %u:%a / /usr /etc /root /tmp /var/tmp /home; ' +
      'awk \'/MemTotal/ { print ($2 > 900000) }\' /proc/meminfo; grep -c " / " /proc/mounts';
    expect(await sh(script)).toMatch(
      new RegExp(
        '^vmlet\\n\\d[^\\n]*\\n/dev/null\\n/proc/1\\n/sys/class\\n0:755\\n0:755\\n0:755\\n0:700\\n0:1777\\n0:1777\\n0:755\\n1\\n1$',
      ),
    );
  });

  it('shows nothing else: no home, no secrets, nothing beside the working directory', async () => {
    const script =
      `ls -A /home /root; ls -A ${top}; cat ${top}/beside /etc/shadow; ls /var/lib; ` + 'ls -A /var/log /srv';
    const lines = (await sh(script)).split('\n').filter((line) => line !== '');
    expect(lines.filter((line) => !/^(dpkg|apt|rpm)$/.test(line))).toEqual([
      ...['/home:', '/root:', project.slice(top.length + 1), '/srv:', '/var/log:'],
      `cat: ${top}/beside: No such file or directory`,
      'cat: /etc/shadow: Permission denied',
    ]);
  });

  it('keeps all changes of the guest in its memory, and none on the host', async () => {
    const before = [stateOf(project), statSync('/etc').mtimeMs, statSync('/usr/bin').mtimeMs];
    const script = `
      echo changed >file && rm -r inner && mkdir new && echo x >/etc/hostname && rm /usr/bin/env && cat file
      # Below its own layer, as a hostile root.
      mkdir -p /mnt && mount -t virtiofs host /mnt && cd /mnt${project} || exit 9
      mount -o remount,rw /mnt
      true >file; true >new; rm file; mv file moved; mkdir d; ln file hard; ln -s a link; chmod 6755 inner/program
      chown 12 file; mknod device c 1 3; mknod /mnt/etc/device b 8 0; truncate -s 0 file; touch file; cat file`;
    const output = await sh(script);
    expect(output.match(/Read-only file system/g)?.length).toBeGreaterThanOrEqual(12);
    expect(output).toMatch(/^changed\nof the host\n/);
    expect([stateOf(project), statSync('/etc').mtimeMs, statSync('/usr/bin').mtimeMs]).toEqual(before);
  });

  it('confines a hostile guest to the shown directories, whatever path it opens', async () => {
    const script = `
      mkdir -p /mnt && mount -t virtiofs host /mnt && cd /mnt && ls -A
      ls /mnt/../mnt/proc /mnt/dev; cat /mnt${top}/beside; ls /mnt/root`;
    const output = await sh(script);
    expect(output).toContain('/mnt/../mnt/proc');
    expect(output.match(/No such file or directory/g)).toHaveLength(4);
    expect(output.split('\n').filter((line) => ['proc', 'dev', 'root'].includes(line))).toEqual([]);
  });

  it('permits writing to a shared directory', async () => {
    const writable = directoryIn(project, 'writable-');
    const output = await sh('pwd; echo made >new; cat new', ['-v', `.:${writable}`], { cwd: writable });
    expect(output).toBe(`${writable}\nmade`);
    expect(readFileSync(join(writable, 'new'), 'utf8')).toBe('made\n');
  });

  it('runs commands as another user, in another directory, with other memory', async () => {
    const script = 'id -u; pwd; touch /etc/x; touch /tmp/x && echo made';
    expect(await sh(script, ['-u', 'nobody', '-w', '/opt', '-m', '512M'])).toMatch(
      /^65534\n\/opt\nmade\ntouch: .*Permission denied$/,
    );
  });

  it('has a terminal', async () => {
    using terminal = new Terminal({ path: directoryIn(top, 'terminal-'), environment: process.env });
    terminal.run(`sh -c 'cd ${project} && exec ${process.execPath} ${VMLET} run -it --net none host'`);
    await terminal.shows(/[#$] ?$/);
    // The shell and the programs are the host's.
    terminal.press('tty; stty size; readlink /proc/$$/exe; cat file', 'Enter');
    await terminal.shows(/^\/dev\/pts\/\d+$/);
    await terminal.shows(/^30 100$/);
    await terminal.shows(/^of the host$/);
    // micro's is busybox.
    await terminal.shows(/^\/(usr\/)?bin\/\w*sh$/);
    terminal.press('clear; cat', 'Enter');
    await until(() => terminal.lines().every((line) => line === ''));
    // Once cat has answered, it runs: an earlier signal may reach a shell that has not started it.
    terminal.press('typed', 'Enter');
    await until(() => terminal.lines().filter((line) => line === 'typed').length === 2);
    terminal.press('C-c');
    // Before its end, cat may read a line that follows the signal.
    await terminal.shows(/[#$] ?$/);
    terminal.press('echo "status $?"', 'Enter');
    await terminal.shows(/^status 130$/);
    terminal.press('exit 5', 'Enter');
    await terminal.shows(/^left with 5$/);
    await terminal.shows(/\bicanon\b/);
  });

  it('reports that a home directory is not shown, and starts in the root directory', async () => {
    const home = directoryIn(top, 'home-');
    chmodSync(home, 0o755);
    writeFileSync(join(home, 'key'), 'secret\n');
    const running = start(['run', '--net', 'none', 'host', '--', 'sh', '-c', `pwd; ls ${home}`], {
      cwd: home,
      env: { ...process.env, HOME: home, ...ownFiles() },
    });
    const { stdout, stderr } = await running.finished;
    expect(stdout).toBe('/\n');
    expect(stderr).toContain(
      `vmlet: the working directory ${home} is not shared with the guest, because it is a home directory or contains one`,
    );
    expect(stderr).toContain('-v .:$PWD');
  });

  it('does not show HOME, wherever it is', async () => {
    const env = { ...process.env, HOME: '/usr/share/doc', ...ownFiles() };
    const script = 'ls -A /usr/share; ls -d /usr/lib /bin/sh';
    const running = start(['run', '--net', 'none', 'host', '--', 'sh', '-c', script], { cwd: project, env });
    const { stdout } = await running.finished;
    const expected = readdirSync('/usr/share').filter((name) => name !== 'doc');
    expect(stdout.trim().split('\n').sort()).toEqual([...expected, '/usr/lib', '/bin/sh'].sort());
  });

  it.runIf(isRoot)('does not show the home of a user who is not in /etc/passwd', async () => {
    const [home, programs] = [directoryIn(top, 'home-'), directoryIn(top, 'programs-')];
    chmodSync(home, 0o755);
    chownSync(home, 70_001, 70_001);
    writeFileSync(join(home, 'key'), 'secret\n');
    const script = `#!/bin/sh\n[ "$*" = "passwd 70001" ] && echo alice:x:70001:70001::${home}:/bin/sh\n`;
    writeFileSync(join(programs, 'getent'), script, { mode: 0o755 });
    const look = async (path: string) =>
      start(['run', '--net', 'none', 'host', '--', 'sh', '-c', `pwd; ls ${home}`], {
        cwd: home,
        env: { ...process.env, PATH: path },
      }).finished;
    const path = process.env['PATH'] ?? '';
    expect((await look(`${programs}:${path}`)).stdout).toBe('/\n');
    // Without the account, it is a directory like any other.
    expect((await look(path)).stdout).toBe(`${home}\nkey\n`);
  });

  it.runIf(isRoot)('does not let root read what other users cannot', async () => {
    const private_ = directoryIn(project, 'private-');
    const { stdout, stderr } = await host([], ['pwd'], { cwd: private_ });
    expect(stdout).toBe('/\n');
    expect(stderr).toContain('users other than root may not read it');
    writeFileSync(join(project, 'secret'), 'x', { mode: 0o600 });
    expect(await sh('cat secret')).toContain('Permission denied');
  });

  it('has the settings of its own network, and its name', async () => {
    const script = `
      cat /etc/resolv.conf; grep "^127.0.1.1" /etc/hosts
      ip -o addr show eth0 | while read -r _ _ family address _; do echo $family $address; done
      cat /etc/machine-id`;
    const look = async (image: string): Promise<string> =>
      (await start(['run', image, '--', 'sh', '-c', script], { cwd: project }).finished).stdout;
    const ofMicro = await look('micro');
    expect(ofMicro).toMatch(/^nameserver .*\n127\.0\.1\.1 vmlet\ninet .*\ninet6 /);
    expect(await look('host')).toBe(`${ofMicro}${readFileSync('/etc/machine-id', 'utf8')}`);
  });
});

describe.skipIf(whyNoShares !== undefined)("the host's system", () => {
  it('is read as it is now by guests that were forked from one kept guest', async () => {
    const cache = newCache();
    const run = async (cwd: string): Promise<string[]> => {
      const words = ['run', '--debug', '--net', 'none', 'host', '--', 'sh', '-c', 'pwd; cat file; ls inner'];
      const env = { XDG_CACHE_HOME: cache, VMLET_FRESH: '' };
      const { stdout, stderr } = await start(words, { cwd, env }).finished;
      const origin = /"(kept the booted guest|forked a kept guest)"/.exec(stderr)?.[1] ?? stderr;
      return [origin, ...stdout.trim().split('\n')];
    };
    const [one, other] = [directoryIn(top, 'one-'), directoryIn(top, 'other-')];
    for (const path of [one, other]) {
      chmodSync(path, 0o755);
      mkdirSync(join(path, 'inner'));
      writeFileSync(join(path, 'file'), 'before\n');
    }
    expect(await run(one)).toEqual(['kept the booted guest', one, 'before']);
    writeFileSync(join(one, 'file'), 'after\n');
    writeFileSync(join(one, 'inner/new'), '');
    expect(await run(one)).toEqual(['forked a kept guest', one, 'after', 'new']);
    expect(await run(other)).toEqual(['forked a kept guest', other, 'before']);
    expect(readdirSync(join(cache, 'vmlet/guests')).filter((name) => !name.startsWith('.'))).toHaveLength(1);
  });

  it('is there after a crash of the first run, and of a fork', async () => {
    const cache = newCache();
    vi.stubEnv('XDG_CACHE_HOME', cache);
    try {
      for (const time of ['first', 'second']) {
        await using before = await launch({ image: 'host', net: 'none', kept: 'use' });
        expect(readdirSync(join(cache, 'vmlet/guests')).length, time).toBeGreaterThan(0);
        await using crashed = await crash(before);
        await using machine = await crashed.start();
        const script = 'grep -c " / overlay " /proc/mounts; cat /etc/os-release';
        const { stdout } = await machine.exec(['sh', '-c', script]);
        expect(stdout.toString(), time).toBe(`1\n${readFileSync('/etc/os-release', 'utf8')}`);
      }
    } finally {
      vi.unstubAllEnvs();
    }
  });

  describe('with a kernel of the user’s', () => {
    let kernel: string;
    let modules: string;

    beforeAll(async () => {
      const { stdout } = await start(['run', '--dry-run', '--json', 'micro']).finished;
      kernel = (JSON.parse(stdout) as { plan: { boot: { kernelPath: string } } }).plan.boot.kernelPath;
      modules = directoryIn(top, 'modules-');
      const copy = ['cp', '-r', '/lib/modules/.', '/modules'];
      await start(['run', '--net', 'none', '-v', `${modules}:/modules`, 'micro', '--', ...copy]).finished;
    });

    it('loads its modules', async () => {
      const flags = ['--kernel', kernel, '--modules', modules, '--append', 'marker=here'];
      const script = 'uname -r; cat file; cat /proc/cmdline; grep -c ^overlay /proc/modules';
      const command = ['run', '--net', 'none', 'host', ...flags, '--', 'sh', '-c', script];
      const { stdout, stderr } = await start(command, { cwd: project }).finished;
      const [release] = readdirSync(modules);
      expect({ stdout, stderr }).toEqual({
        stdout: `${release ?? ''}\nof the host\nconsole=ttyS0 panic=-1 no_timer_check vmlet.host marker=here\n1\n`,
        stderr: '',
      });
    });

    it.each([
      [
        'virtio_fs_init',
        /cannot mount this host's file system \(virtiofs: No such device\)\n {2}use a kernel with .*VIRTIO_FS/,
      ],
      [
        'virtio_pci_driver_init',
        /cannot mount this host's file system \(virtiofs: Invalid argument\)\n {2}use a kernel with/,
      ],
    ])('reports what it lacks without %s', async (init, problem) => {
      const flags = ['--kernel', kernel, '--append', `initcall_blacklist=${init}`];
      const words = ['run', '--debug', '--net', 'none', ...flags, 'host', '--', 'true'];
      const env = { VMLET_FRESH: '' };
      const { stderr, status } = await start(words, { cwd: project, env }).finished;
      expect(stderr).toContain("a guest with the host's system and another kernel cannot be kept");
      expect(stderr).toMatch(problem);
      expect(status).toBe(125);
    });
  });

  it('is only for throw-away guests', async () => {
    const { stderr, status } = await start(['create', 'web', '--image', 'host']).finished;
    expect(stderr).toBe(
      "vmlet: --image: a named machine cannot boot the host's system\n" +
        '  use an image such as debian:13, or run a command in a throw-away machine: vmlet run host -- COMMAND\n',
    );
    expect(status).toBe(125);
    await expect(createTemplate({ image: 'host' })).rejects.toThrow(InvalidInputError);
  });

  it.each([
    { origin: 'forked', flags: [] },
    { origin: 'booted', flags: ['--fresh'] },
  ])('has the same confinement with --dry-run, $origin', async ({ origin, flags }) => {
    const where = { cwd: project, env: { VMLET_FRESH: '', XDG_CACHE_HOME: cache } };
    const words = ['--net', 'none', 'host', '--', 'true'];
    await start(['run', ...words], where).finished;
    const { stdout } = await start(['run', '--dry-run', ...flags, ...words], where).finished;
    expect(stdout).toMatch(/--bind-read-only-at \/usr \/host\/usr /);
    expect(stdout).toContain(`--bind-read-only-at ${project} /host${project} `);
    expect(stdout.includes('vmlet.host')).toBe(origin === 'booted');
    expect(stdout.includes("gets the host's system only then")).toBe(origin === 'forked');
  });
});
