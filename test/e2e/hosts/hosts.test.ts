import { mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type MinimalHost, MinimalHosts, cannotContain, cannotMakeHosts } from './minimal-host.ts';

if (cannotMakeHosts !== undefined) console.warn(`skipped: ${cannotMakeHosts}`);

const WITHOUT = (name: string) => `for path in /usr/local/bin /usr/bin /usr/sbin /bin /sbin; do
  if [ -e $path/${name} ]; then mount --bind /etc/hostname $path/${name}; fi
done`;
const WITHOUT_VIRTIOFSD = `${WITHOUT('virtiofsd')}; for path in /usr/libexec /usr/lib/qemu /usr/lib; do
  if [ -e $path/virtiofsd ]; then mount --bind /etc/hostname $path/virtiofsd; fi
done`;
/** Every device that programs expect, but no /dev/shm. */
const BARE_DEV = `mkdir /tmp/dev.$$; mount -t tmpfs -o mode=755 none /tmp/dev.$$
  for node in null zero full random urandom tty; do
    touch /tmp/dev.$$/$node; mount --bind /dev/$node /tmp/dev.$$/$node
  done
  ln -s /proc/self/fd /tmp/dev.$$/fd
  mount --move /tmp/dev.$$ /dev; rmdir /tmp/dev.$$`;
const NOEXEC = (path: string) => `mount --bind ${path} ${path}; mount -o remount,bind,noexec ${path}`;
const PRIVATE_TMP = 'mount -t tmpfs -o mode=1777 none /tmp';
const CONTAINER = `${BARE_DEV}; mkdir /dev/shm; mount -t tmpfs -o size=64m,mode=1777 none /dev/shm
  mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys
  for path in /proc/kcore /proc/keys /proc/timer_list; do
    if [ -e $path ]; then mount --bind /dev/null $path; fi
  done
  for path in /proc/scsi /sys/firmware; do if [ -d $path ]; then mount -t tmpfs -o ro none $path; fi; done`;

interface Case extends MinimalHost {
  readonly name: string;
  /** Items of doctor that differ from the unrestricted host, and a part of their summaries. */
  readonly degraded?: Readonly<Record<string, RegExp>>;
  readonly net?: string;
  /** The command that probes the host; doctor by default. */
  readonly probes?: 'run';
}

const NO_NAMESPACES = {
  network: /passt does not work here/,
  namespaces: /runs without these namespaces/,
};
const IN_CONTAINER: Omit<Case, 'name'> = {
  setup: CONTAINER,
  noUserNamespaces: true,
  through: ['/mnt/without-calls', 'container'],
  degraded: { ...NO_NAMESPACES, accelerator: /kvm does not exist/ },
  probes: 'run',
};

const CASES: readonly Case[] = [
  {
    name: 'has no passt',
    setup: WITHOUT('passt'),
    degraded: { network: /^passt is not installed; guests use slirp/ },
  },
  { name: 'has no user namespaces', noUserNamespaces: true, degraded: NO_NAMESPACES },
  {
    name: 'permits user namespaces, but no operations in them',
    through: ['/mnt/without-calls', 'administration'],
    degraded: NO_NAMESPACES,
  },
  {
    name: 'permits user namespaces without maps, as Ubuntu’s AppArmor does',
    through: ['/mnt/without-calls', 'apparmor'],
    degraded: NO_NAMESPACES,
  },
  {
    name: 'has no Landlock',
    through: ['/mnt/without-calls', 'landlock'],
    degraded: { landlock: /only namespaces restrict QEMU to its own files/ },
  },
  { name: 'has no /dev/shm', setup: BARE_DEV },
  { name: 'has no ip', setup: WITHOUT('ip') },
  {
    name: 'has its home and /tmp mounted noexec',
    setup: `${PRIVATE_TMP}; ${NOEXEC('/tmp')}; ${NOEXEC('"$HOME"')}`,
  },
  {
    name: 'permits 64 open files',
    through: ['/usr/bin/prlimit', '--nofile=64:64'],
    net: 'none',
    degraded: { 'process-limits': /limit of 64 open files/ },
  },
  { name: 'has a hard core limit of 0', through: ['/usr/bin/prlimit', '--core=0:0'] },
  { name: 'has a home with spaces and quotes', home: 'ho me, "ü" \'$y' },
  { name: 'has the umask 000', through: ['/bin/sh', '-c', 'umask 000; exec "$0" "$@"'] },
  { name: 'has the umask 077', through: ['/bin/sh', '-c', 'umask 077; exec "$0" "$@"'] },
  { name: 'speaks Turkish', env: { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' } },
  {
    name: 'has busybox as its userland',
    setup: 'mount -t tmpfs none /usr/sbin; mount -t tmpfs none /usr/local/sbin',
    env: { PATH: '/mnt/userland' },
    degraded: { 'micro-image': /needs apt-get and dpkg-deb, or dnf/ },
  },
  { name: 'is a container, for root', asRoot: true, ...IN_CONTAINER },
  { name: 'is a container, for an ordinary user', ...IN_CONTAINER },
];

/** CI services run jobs in such containers. */
const CONTAINERS: readonly Case[] = [
  { name: 'is a container of podman, for root', inPodman: true, asRoot: true },
  { name: 'is a container of podman, for an ordinary user', inPodman: true },
];
const noContainers = cannotContain();
if (noContainers !== undefined) console.warn(`skipped: ${noContainers}`);

describe.runIf(cannotMakeHosts === undefined)('a host', () => {
  let hosts: MinimalHosts;
  /** The states that doctor reports for this host, from which the others are made. */
  const states = new Map<string, string>();
  beforeAll(async () => {
    hosts = await MinimalHosts.make();
    const { findings } = await hosts.doctor({ home: hosts.home('unrestricted') });
    for (const { item, state } of findings) states.set(item, state);
    return () => hosts.remove();
  });

  async function runsAGuest({ name, degraded = {}, net = 'auto', probes, ...host }: Case): Promise<void> {
    const made = { ...host, home: hosts.home(host.home ?? name.replace(/\W/g, '-'), host) };
    // Doctor probes the host each time, and the run probes it too if it comes first.
    const found = probes === 'run' ? undefined : await hosts.doctor(made);
    expect(await hosts.vmlet(made, 'run', '--net', net, 'micro', '--', 'echo', 'up')).toEqual({
      status: 0,
      signal: undefined,
      stdout: 'up\n',
      stderr: '',
    });
    const { findings, canRunGuests } = found ?? (await hosts.doctor(made));
    expect(canRunGuests).toBe(true);
    for (const { item, state, summary } of findings) {
      const says = degraded[item];
      if (says) expect(summary).toMatch(says);
      // Most have no KVM, since they lack /dev/kvm or run as another user.
      const mayDiffer = item === 'accelerator';
      const expected = says ? 'degraded' : states.get(item);
      if (says || !mayDiffer) expect({ item, state }).toEqual({ item, state: expected });
    }
  }

  it.each(CASES)('that $name runs a guest', runsAGuest);

  it.runIf(noContainers === undefined).each(CONTAINERS)('that $name runs a guest', runsAGuest);

  it('that has a home mounted noexec, and neither xz nor zstd, builds micro', async () => {
    const home = hosts.home('unbuilt', { withImages: false });
    const setup = `${NOEXEC('"$HOME"')}; ${WITHOUT('xz')}; ${WITHOUT('zstd')}`;
    const ran = await hosts.vmlet({ home, setup }, 'run', '--net', 'none', 'micro', '--', 'echo', 'up');
    expect(ran).toEqual({ status: 0, signal: undefined, stdout: 'up\n', stderr: '' });
  });

  it('that has vmlet on a file system mounted noexec reports it', async () => {
    const host = { home: hosts.home('nowhere', {}), setup: 'mount -o remount,bind,noexec /mnt' };
    for (const words of [['run', 'micro', '--', 'true'], ['doctor']]) {
      expect(await hosts.vmlet(host, ...words)).toMatchObject({
        status: 125,
        stdout: '',
        stderr: expect.stringMatching(
          /^vmlet: \/mnt\/.*vmlet-confine cannot be executed: .* noexec\n {2}install/,
        ) as string,
      });
    }
  });

  it('that has no virtiofsd names its package, and that a copy does without', async () => {
    const shared = hosts.directory('shared', 0o777);
    writeFileSync(join(shared, 'in'), 'of the host\n');
    const through = ['/bin/sh', '-c', `cd ${shared}; exec "$0" "$@"`];
    const host = { home: hosts.home('no-virtiofsd', {}), setup: WITHOUT_VIRTIOFSD, through };
    const ended = { signal: undefined, stderr: '' };
    const run = async (volume: string) => {
      const script = 'cat /s/in; echo of the guest >/s/out';
      const words = ['--net', 'none', '-v', volume, 'micro', '--', 'sh', '-c', script];
      return hosts.vmlet(host, 'run', ...words);
    };
    const refused = await run('.:/s');
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toMatch(
      /^vmlet: this host cannot share directories: virtiofsd is not installed\n {2}install virtiofsd \(.*apt install virtiofsd/,
    );
    const [, options = ''] = /-v SRC:DST(:copy), which copies back/.exec(refused.stderr) ?? [];
    expect(await run(`.:/s${options}`)).toEqual({ ...ended, status: 0, stdout: 'of the host\n' });
    expect(readFileSync(join(shared, 'out'), 'utf8')).toBe('of the guest\n');
    const { findings } = await hosts.doctor(host);
    expect(findings).toContainEqual(
      expect.objectContaining({
        item: 'shares',
        state: 'degraded',
        summary: expect.stringMatching(
          /only copied \(-v SRC:DST:ro,copy\): virtiofsd is not installed$/,
        ) as string,
        remedy: expect.stringContaining('virtiofsd') as string,
      }),
    );
  });

  it('that has 40 MB for a home reports an image that does not fit, and leaves nothing', async () => {
    const home = hosts.home('small', {});
    const small = {
      home,
      setup: 'mount -t tmpfs -o size=40m,mode=700,uid=65534,gid=65534 none "$HOME"',
    };
    const left = '"$0" "$@"; status=$?; find "$HOME" -size +64k; exit $status';
    const full = { ...small, through: ['/bin/sh', '-c', left] };
    const { status, stdout, stderr } = await hosts.vmlet(full, 'run', 'micro', '--', 'true');
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(stderr).toMatch(/^vmlet: .*no space left on device.*\n {2}.*XDG_DATA_HOME/);
    expect(await hosts.doctor(small)).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({ item: 'disk-space', state: 'degraded' }),
      ]) as unknown,
    });
    const elsewhere = hosts.home('large', {});
    const setup = `mount --bind ${elsewhere}/.local/share /mnt/share; ${small.setup}`;
    const data = { ...small, setup, env: { XDG_DATA_HOME: '/mnt/share' } };
    expect(await hosts.vmlet(data, 'run', 'micro', '--', 'echo', 'up')).toMatchObject({ stdout: 'up\n' });
  });

  it('whose /tmp/vmlet-UID is another user’s uses another directory, and finds its machines again', async () => {
    const tmp = hosts.directory('tmp', 0o1777);
    const squatted = join(tmp, 'vmlet-65534');
    const host = { home: hosts.home('squatted', {}), setup: `mount --bind ${tmp} /tmp` };
    const vmlet = async (...args: string[]) => hosts.vmlet(host, ...args);
    const note = join(host.home, '.local/state/vmlet/runtime-directory');
    mkdirSync(squatted);

    expect(await vmlet('run', '--net', 'none', 'micro', '--', 'echo', 'up')).toMatchObject({
      stdout: 'up\n',
    });
    expect(readdirSync(squatted)).toEqual([]);
    const place = readFileSync(note, 'utf8').trim();
    expect(place).toMatch(/^\/tmp\/vmlet-65534-[0-9a-f]{12}$/);
    const { findings } = await hosts.doctor(host);
    expect(findings.find(({ item }) => item === 'runtime-directory')).toMatchObject({
      state: 'works',
      summary: `vmlet creates its sockets in ${place}, because XDG_RUNTIME_DIR is not set, and /tmp/vmlet-65534 belongs to another user`,
    });

    expect(await vmlet('create', '--net', 'none', '--image', 'micro', 'm')).toMatchObject({ status: 0 });
    expect(await vmlet('start', 'm')).toMatchObject({ status: 0 });
    rmdirSync(squatted);
    expect((await vmlet('ls')).stdout).toMatch(/^m +running/m);
    expect(await vmlet('rm', '--force', 'm')).toMatchObject({ status: 0 });

    // After a boot /tmp is empty, and the name is known.
    rmSync(join(tmp, basename(place)), { recursive: true });
    mkdirSync(join(tmp, basename(place)));
    expect(await vmlet('run', '--net', 'none', 'micro', '--', 'echo', 'up')).toMatchObject({
      stdout: 'up\n',
    });
    expect(readFileSync(note, 'utf8').trim()).not.toBe(place);
    expect(readdirSync(join(tmp, basename(place)))).toEqual([]);
  });

  it('whose runtime directory is another user’s is diagnosed, and lists its machines', async () => {
    const runtime = hosts.directory('foreign-runtime', 0o755);
    mkdirSync(join(runtime, 'vmlet'), { mode: 0o700 });
    const host = { home: hosts.home('foreign-runtime', {}), env: { XDG_RUNTIME_DIR: runtime } };
    const { findings } = await hosts.doctor(host);
    const summary = expect.stringContaining('belongs to another user') as string;
    expect(findings).toContainEqual(expect.objectContaining({ item: 'runtime-directory', summary }));
    expect(findings).toContainEqual(expect.objectContaining({ item: 'pools' }));
    expect(await hosts.vmlet(host, 'ls', '--all')).toMatchObject({ status: 0, stderr: '' });
  });
});
