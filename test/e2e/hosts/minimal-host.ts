import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import { findProgram, requireProgram } from '../../../src/process/program.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { type Finished, VMLET, vmlet } from '../command.ts';
import { installCopy } from './installed-copy.ts';

const NOBODY = 65_534;

/** The reason why hosts cannot be made here; undefined if they can. */
export const cannotMakeHosts =
  process.getuid?.() !== 0
    ? 'only root can take from a host what others have'
    : spawnSync('unshare', ['--mount', 'true']).status === 0
      ? undefined
      : 'this root may not make mount namespaces';

export interface MinimalHost {
  /** Run by root’s shell in a separate mount namespace, with $HOME, $DATA and $FIXTURES; nothing by default. */
  readonly setup?: string;
  /** Words before the command, which the user runs: prlimit, sh -c. */
  readonly through?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Root of this host, with the capabilities of containers; an ordinary user by default. */
  readonly asRoot?: boolean;
  /** In a container of podman with this host’s root, for root there or for an ordinary user. */
  readonly inPodman?: boolean;
  /** In a user namespace that permits no further ones. */
  readonly noUserNamespaces?: boolean;
  /** Its home, below the directory of the tests. */
  readonly home?: string;
}

/** For podman: not on an overlay, which cannot carry another, and not seen by this host’s podman. */
const PODMAN_STORE = `mount -t tmpfs none /media; mkdir /media/root /media/run /media/tmp
  # crun refuses both kinds of control groups at once.
  if mountpoint -q /sys/fs/cgroup/unified; then umount -l /sys/fs/cgroup/unified; fi`;
const PODMAN = [
  ...[
    'podman',
    '--runtime=crun',
    '--storage-driver=vfs',
    '--root=/media/root',
    '--runroot=/media/run',
    '--tmpdir=/media/tmp',
  ],
  ...['run', '--rm', '--network=host', '--cgroups=disabled', '--log-driver=none'],
];

const QUIET_PODMAN = { PODMAN_IGNORE_CGROUPSV1_WARNING: '1' };

/** The reason why podman cannot create a container here; undefined if it can. */
export function cannotContain(): string | undefined {
  if (cannotMakeHosts !== undefined) return cannotMakeHosts;
  if (findProgram('podman') === undefined) return 'podman is not installed';
  const script = `set -e; ${PODMAN_STORE}; exec "$@"`;
  const words = ['--mount', 'sh', '-c', script, 'sh', ...PODMAN, '--rootfs', '/:O', 'true'];
  const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  return status === 0 ? undefined : `podman makes no container: ${stderr.trim()}`;
}

interface Report {
  readonly canRunGuests: boolean;
  readonly findings: readonly { readonly item: string; readonly state: string; readonly summary: string }[];
}

/** Root’s capabilities in containers, as in containerd. */
const OF_CONTAINERS = [
  ...[
    'chown',
    'dac_override',
    'fsetid',
    'fowner',
    'mknod',
    'net_raw',
    'setgid',
    'setuid',
    'setfcap',
    'setpcap',
  ],
  ...['net_bind_service', 'sys_chroot', 'kill', 'audit_write'],
];

/** An installed copy of vmlet and the image micro, from which hosts that lack something are made. */
export class MinimalHosts {
  readonly #directory = makeTemporaryDirectory('/var/tmp');
  readonly #installed = join(this.#directory.path, 'installed');

  static async make(): Promise<MinimalHosts> {
    // Builds it where it is missing.
    const { status, stderr } = await vmlet('run', '--net', 'none', 'micro', '--', 'true');
    if (status !== 0) throw new Error(stderr);
    return new MinimalHosts();
  }

  private constructor() {
    chmodSync(this.#directory.path, 0o711);
    installCopy(this.#installed);
    mkdirSync(this.fixture('share'));
    this.#makeUserland();
    execFileSync('make', [
      '-s',
      '-C',
      join(import.meta.dirname, '../../../fixtures/host/without-calls'),
      `OUT=${this.fixture('without-calls')}`,
    ]);
  }

  /** busybox of the micro image with its applets, and the other programs that vmlet needs. */
  #makeUserland(): void {
    const userland = this.fixture('userland');
    mkdirSync(userland);
    const busybox = join(userland, 'busybox');
    const words = [VMLET, 'run', '--net', 'none', 'micro', '--', 'cat', '/bin/busybox'];
    const stdout = execFileSync(process.execPath, words, { maxBuffer: 64 * 1024 * 1024 });
    writeFileSync(busybox, stdout, { mode: 0o755 });
    execFileSync(busybox, ['--install', '-s', userland]);
    // Debian's busybox is built without flock.
    for (const name of ['qemu-system-x86_64', 'qemu-img', 'passt', 'flock']) {
      if (!existsSync(join(userland, name))) symlinkSync(requireProgram(name), join(userland, name));
    }
    for (const applet of readdirSync(userland)) {
      const path = join(userland, applet);
      if (lstatSync(path).isSymbolicLink() && readlinkSync(path) === busybox) {
        rmSync(path);
        symlinkSync('busybox', path);
      }
    }
  }

  /** The source of a path that the hosts see in /mnt. */
  fixture(name: string): string {
    return join(this.#installed, name);
  }

  /** A home with an image store that contains micro, or an empty one. */
  home(
    name: string,
    { asRoot = false, withImages = true }: Pick<MinimalHost, 'asRoot'> & { withImages?: boolean } = {},
  ): string {
    const home = join(this.#directory.path, name);
    const own = (path: string) => lchownSync(path, asRoot ? 0 : NOBODY, asRoot ? 0 : NOBODY);
    mkdirSync(home, { recursive: true, mode: 0o700 });
    own(home);
    if (!withImages) return home;
    const data = join(home, '.local/share/vmlet/images');
    mkdirSync(data, { recursive: true });
    for (const path of ['.local', '.local/share', '.local/share/vmlet', '.local/share/vmlet/images']) {
      own(join(home, path));
    }
    const store = ownLocations().images;
    const digest = readlinkSync(join(store, 'micro'));
    symlinkSync(digest, join(data, 'micro'));
    mkdirSync(join(data, digest));
    for (const path of ['micro', digest]) own(join(data, path));
    for (const file of readdirSync(join(store, digest)))
      linkOrCopy(join(store, digest, file), join(data, digest, file));
    return home;
  }

  directory(name: string, mode: number): string {
    const path = join(this.#directory.path, name);
    mkdirSync(path);
    chmodSync(path, mode);
    return path;
  }

  /** Runs vmlet on such a host; everything that it sees of its installation is below /mnt. */
  async vmlet(host: MinimalHost & { readonly home: string }, ...args: string[]): Promise<Finished> {
    const { setup = '', through = [], env = {}, asRoot = false, inPodman = false, home } = host;
    const environment = { HOME: home, PATH: '/usr/local/bin:/usr/bin:/bin', NO_COLOR: '1', ...env };
    const become = asRoot
      ? ['setpriv', `--bounding-set=-all,+${OF_CONTAINERS.join(',+')}`]
      : ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    const script = `set -e
      mount --bind "$INSTALLED" /mnt
      ${host.noUserNamespaces === true ? 'echo 0 > /proc/sys/user/max_user_namespaces' : ''}
      ${inPodman ? PODMAN_STORE : ''}
      ${setup}
      cd /
      exec "$@"`;
    const words = [
      ...(host.noUserNamespaces === true ? ['unshare', '--user', 'sh', '-c', AWAIT_MAPS, 'sh'] : []),
      ...['unshare', '--mount', '--propagation', 'private'],
      ...['sh', '-c', script, 'sh', ...(inPodman ? podman(home, asRoot) : become), 'env', '-i'],
      ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      ...[...through, process.execPath, '/mnt/dist/bin/vmlet.js', ...args],
    ];
    return finish(words, { ...process.env, ...QUIET_PODMAN, HOME: home, INSTALLED: this.#installed });
  }

  async doctor(host: MinimalHost & { readonly home: string }): Promise<Report> {
    const { stdout, stderr } = await this.vmlet(host, 'doctor', '--json');
    if (!stdout.startsWith('{')) throw new Error(stderr);
    return JSON.parse(stdout) as Report;
  }

  remove(): void {
    this.#directory.remove();
  }
}

/** The host’s root without the file systems mounted there. */
function podman(home: string, asRoot: boolean): string[] {
  const seen = ['/mnt:/mnt:ro', `${home}:${home}`, `${process.execPath}:${process.execPath}:ro`];
  return [
    ...[...PODMAN, ...seen.map((volume) => `--volume=${volume}`)],
    ...(asRoot ? [] : [`--user=${NOBODY}:${NOBODY}`]),
    ...['--rootfs', '/:O'],
  ];
}

/** The helpers of unshare do not map root: it has to be mapped from outside. The exec then gives it its capabilities. */
const AWAIT_MAPS = 'echo >&3; read -r _; exec 3>&-; exec "$@" < /dev/null';

async function finish(
  [program = '', ...words]: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Finished> {
  const waits = words.includes(AWAIT_MAPS);
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env });
  if (!waits) child.stdin.end();
  child.stdio[3]?.once('data', () => {
    for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 65536');
    child.stdin.end('\n');
  });
  const output = { stdout: '', stderr: '' };
  child.stdin.on('error', () => undefined);
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  return new Promise((resolve) =>
    child.once('close', (status, signal) =>
      resolve({ status: status ?? undefined, signal: signal ?? undefined, ...output }),
    ),
  );
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch {
    // Another file system.
    copyFileSync(from, to);
    const { uid, gid } = lstatSync(from);
    chownSync(to, uid, gid);
  }
}
