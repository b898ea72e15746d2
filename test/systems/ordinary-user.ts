import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isSystemError } from '../../src/errors/index.ts';
import { Scope } from '../../src/util/scope.ts';
import { addDebianImage } from '../debian-image.ts';
import { makeTemporaryDirectory } from '../directory.ts';
import { installCopy } from '../e2e/hosts/installed-copy.ts';
import { openFiles, processesOf, terminate } from '../e2e/named/home.ts';
import { VICTIM, becoming, giveTo, runAs, spawnScript } from '../hardening/user.ts';
import { giveMicro } from '../hardening/users/given-micro.ts';
import { until } from '../until.ts';

/** In the namespace of the user's host. */
export const BRIDGE = 'br-test';
const HELPER = '/usr/lib/qemu/qemu-bridge-helper';
/** If one hangs, its processes are printed. */
const LONGEST_COMMAND_MS = 420_000;

/** Gives a network namespace a bridge, and ordinary users the permission to use it, as an administrator would. */
const HOST = `
set -eu
mount -t sysfs none /sys
mount -t tmpfs -o mode=755 none /etc/qemu
echo "allow ${BRIDGE}" >/etc/qemu/bridge.conf
cp ${HELPER} /etc/qemu/helper
chmod 4755 /etc/qemu/helper
mount --bind /etc/qemu/helper ${HELPER}
mknod -m 666 /etc/qemu/tun c 10 200
mount --bind /etc/qemu/tun /dev/net/tun
ip link set lo up
ip link add ${BRIDGE} type bridge
ip link set ${BRIDGE} up
echo ready
exec cat
`;

/** The words that create a machine with one of the user's images. */
export const HARDWARE = {
  debian: ['--image', 'debian', '-m', '384M', '--cpus', '1', '--display', 'none'],
  micro: ['--image', 'micro', '-m', '96M'],
} as const;
export type UserImage = keyof typeof HARDWARE;

/** Another user than root, with images of these names. */
export interface OrdinaryUser extends AsyncDisposable {
  /** The runtime directory, with the sockets of running machines. */
  readonly runtime: string;
  /** Runs the command to its end, and returns its output. @throws Error with its words when it fails. */
  vmlet(...words: string[]): Promise<string>;
  /** Starts a script of the checkout, which the user must be able to read. It is told to end by the end of its input. */
  start(script: string, ...words: string[]): ChildProcess;
  /** The answer of a web server, as seen from where the machines run. */
  get(url: string): Promise<string>;
}

const asRoot = process.getuid?.() === 0;
const user = asRoot ? VICTIM : undefined;

/** The reason why the user's host has no bridge, or undefined. */
export function whyNoBridge(): string | undefined {
  if (!asRoot) return 'only root makes a bridge that others may use';
  if (!existsSync(HELPER)) return 'qemu-bridge-helper is not installed';
  try {
    execFileSync('unshare', ['-mn', 'sh', '-c', HOST], { input: '', stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `no bridge can be made here: ${(error as Error).message}`;
  }
}

export interface OrdinaryUserOptions {
  readonly images: readonly UserImage[];
  /** The machines run in a network namespace of their own with the bridge. */
  readonly hasBridge: boolean;
}

/** Root becomes an unused user; others stay who they are. */
export async function makeOrdinaryUser({
  images: names,
  hasBridge,
}: OrdinaryUserOptions): Promise<OrdinaryUser> {
  await using scope = new Scope();
  const directory = makeTemporaryDirectory();
  scope.defer(directory.remove);
  // The user may enter it.
  chmodSync(directory.path, 0o755);
  const command = join(directory.path, 'vmlet');
  installCopy(command);
  const home = join(directory.path, 'home');
  const images = join(home, '.local/share/vmlet/images');
  const runtime = join(home, 'run');
  for (const path of [images, runtime]) mkdirSync(path, { recursive: true, mode: 0o700 });
  if (names.includes('micro')) await giveMicro(images);
  if (names.includes('debian')) await addDebianImage(images, 'debian');
  giveTo(user, home);

  const enter = hasBridge ? await makeHost(scope) : [];
  const environment = {
    ...{ PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'], NO_COLOR: '1' },
    ...{ HOME: home, XDG_RUNTIME_DIR: runtime },
  };
  const before = [...enter, ...becoming(user)];
  const node = async (...words: string[]): Promise<string> =>
    (await runAs(undefined, [...before, process.execPath, ...words], environment)).stdout;
  const vmlet = async (...words: string[]): Promise<string> => {
    const ended = node(join(command, 'dist/bin/vmlet.js'), ...words);
    const limit = setTimeout(() => endHanging(home), LONGEST_COMMAND_MS);
    return ended.finally(() => clearTimeout(limit));
  };
  scope.defer(async () => {
    const { machines } = JSON.parse(await vmlet('ls', '--json')) as {
      machines: { name: string; state: string }[];
    };
    const running = machines.filter(({ state }) => state === 'running').map(({ name }) => name);
    if (running.length > 0) await vmlet('kill', ...running);
    await until(() => processesOf(home).length === 0);
  });
  const owned = scope.move();
  return {
    runtime,
    vmlet,
    // A terminal's Ctrl-C reaches only this process.
    start: (script, ...words) => spawnScript([...before, 'setsid'], script, words, environment),
    get: async (url) =>
      node('-e', `fetch(${JSON.stringify(url)}).then((it) => it.text()).then((it) => console.log(it))`),
    [Symbol.asyncDispose]: async () => owned.close(),
  };
}

/** Prints the user's processes, and kills the commands among them. */
function endHanging(home: string): void {
  const processes = processesOf(home);
  for (const { pid, commandLine } of processes)
    console.warn(`${pid} ${commandLine.slice(0, 200)}: ${filesOf(pid)}`);
  for (const { pid, commandLine } of processes) {
    if (commandLine.includes('vmlet.js')) terminate(pid, 'SIGKILL');
  }
}

function filesOf(pid: number): string {
  try {
    return openFiles(`/proc/${pid}`).join(' ');
  } catch (error) {
    // It has just ended, or is another user’s.
    if (isSystemError(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return 'unknown files';
    throw error;
  }
}

/** @returns the words before a command that run it there. */
async function makeHost(scope: Scope): Promise<string[]> {
  const host = spawn('unshare', ['-mn', 'sh', '-c', HOST], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(host, 'exit');
  scope.defer(async () => {
    host.stdin.end();
    await gone;
  });
  const ready = once(createInterface(host.stdout), 'line');
  await Promise.race([
    ready,
    gone.then(([code]) => {
      throw new Error(`no host: ${String(code)}`);
    }),
  ]);
  return ['nsenter', '--target', String(host.pid), '--mount', '--net'];
}
