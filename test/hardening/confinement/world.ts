import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type Server, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { Scope } from '../../../src/util/scope.ts';
import { findVirtiofsd } from '../../../src/host/programs/helpers.ts';
import { requireProgram } from '../../../src/process/program.ts';
import { build } from './program.ts';

const start = promisify(execFile);
const VMLET = join(import.meta.dirname, '../../../dist/bin/vmlet.js');
const NOBODY = 65534;

/** A user’s home and runtime directory, with everything that a hostile program would like to access. */
export interface World {
  /** A directory of this user only; removed with the scope. */
  readonly directory: string;
  readonly home: string;
  readonly runtime: string;
  /** Files for machines. */
  readonly kernel: string;
  readonly initrd: string;
  readonly image: string;
  /** The macros for building the hostile program. */
  readonly targets: ReadonlyMap<string, string | number>;
  /** Runs the command in this home. Its status does not matter if only the output is needed. */
  vmlet(
    words: readonly string[],
    options?: VmletOptions,
  ): Promise<{ stdout: string; stderr: string; status: number }>;
}

export interface VmletOptions {
  /** A directory before the host’s programs on the PATH. */
  readonly programs?: readonly string[];
  readonly without?: readonly string[];
}

export const HOSTILE = 'hostile';

export async function makeWorld(directory: string, scope: Scope): Promise<World> {
  const home = join(directory, 'home');
  const runtime = join(directory, 'run');
  const shared = join(directory, 'shared');
  for (const path of ['.ssh', '.cache', 'to-be-renamed'])
    mkdirSync(join(home, path), { recursive: true, mode: 0o700 });
  mkdirSync(runtime, { mode: 0o700 });
  mkdirSync(shared, { mode: 0o755 });
  writeFileSync(join(home, '.ssh/id_ed25519'), 'a secret\n', { mode: 0o600 });
  writeFileSync(join(shared, 'public-file'), '', { mode: 0o644 });
  const [kernel, initrd, image] = ['kernel', 'initrd', 'base.raw'].map((name) => join(home, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(kernel, 'x');
  writeFileSync(initrd, 'x');
  writeFileSync(image, Buffer.alloc(1024 * 1024));

  const vmlet = commandIn(directory, home, runtime);
  const other = await startOtherMachine(vmlet, { home, runtime, image }, scope);
  await vmlet(['create', HOSTILE, ...machineWords({ kernel, initrd, image }), '--net', 'none']);
  const display = await serveDisplay(scope);
  const sockets = await serveSockets(runtime, shared, scope);
  const host = await serveHost(scope);
  const victim = await startVictim(
    directory,
    [join(shared, 'datagram.sock'), `vmlet-${HOSTILE}`, display],
    scope,
  );
  const definition = join(home, '.local/share/vmlet/machines', HOSTILE);
  const targets = new Map<string, string | number>([
    ['QEMU', requireProgram('qemu-system-x86_64')],
    ['SWTPM', requireProgram('swtpm')],
    ['VIRTIOFSD', findVirtiofsd() ?? ''],
    ['MACHINE', HOSTILE],
    ['HOME', home],
    ['RUNTIME', runtime],
    ['SHARED', shared],
    ['TEMPORARY', '/tmp'],
    ['DEFINITION', definition],
    ['RECORD', join(other.logs, 'events.ndjson')],
    ['OTHER_DIRECTORY', other.directory],
    ['OTHER_DISK', other.disk],
    ['OTHER_SOCKETS', other.sockets],
    ['IMAGE', image],
    ['KERNEL', kernel],
    ['SETUID', setuidProgram()],
    ['LOADER', '/lib64/ld-linux-x86-64.so.2'],
    ['ANOTHER_USER', (process.getuid?.() ?? 0) + 1],
    ...blockDevice(),
    ['X11', display],
    ...sockets,
    ...host,
    ...victim,
  ]);
  return { directory, home, runtime, kernel, initrd, image, targets, vmlet };
}

/** Restores changes of a successful attack. */
export function refreshHome({ home }: Pick<World, 'home'>): void {
  writeFileSync(join(home, '.bashrc'), '# nothing\n');
  writeFileSync(join(home, 'to-be-removed'), '');
}

/** The common part of the two machines; neither is ever booted. */
export function machineWords({
  kernel,
  initrd,
  image,
}: Pick<World, 'kernel' | 'initrd' | 'image'>): string[] {
  return ['--kernel', kernel, '--initrd', initrd, '--disk', `${image},format=raw,readonly`, '-m', '64M'];
}

function commandIn(directory: string, home: string, runtime: string): World['vmlet'] {
  return async (words, { programs = [], without = [] } = {}) => {
    const cache = ['.cache', ...without].join('-');
    const argv = [process.execPath, VMLET, ...words];
    const [program, ...rest] =
      without.length > 0 ? [join(directory, 'without'), without.join(','), ...argv] : argv;
    const environment = {
      HOME: home,
      XDG_RUNTIME_DIR: runtime,
      XDG_CACHE_HOME: join(home, cache),
      PATH: [...programs, process.env['PATH']].join(':'),
      SECRET_TOKEN: 'not for QEMU',
    };
    const child = start(program!, rest, { env: environment, maxBuffer: 64 * 1024 * 1024 });
    child.child.stdin?.on('error', () => undefined);
    child.child.stdin?.end('for the guest alone\n');
    try {
      return { ...(await child), status: 0 };
    } catch (error) {
      const { stdout, stderr, code } = error as { stdout: string; stderr: string; code: number };
      return { stdout, stderr, status: code };
    }
  };
}

/** A real machine of the same user, which runs during all attempts. */
async function startOtherMachine(
  vmlet: World['vmlet'],
  { home, runtime, image }: Pick<World, 'home' | 'runtime' | 'image'>,
  scope: Scope,
) {
  const words = ['--image', image, '-m', '64M', '--cpus', '1', '--net', 'none', '--display', 'none'];
  const made = await vmlet(['create', 'other', ...words, '--start', '--json']);
  scope.defer(async () => {
    await vmlet(['kill', 'other']);
  });
  if (made.status !== 0) throw new Error(`the other machine did not start: ${made.stderr}`);
  const directory = join(home, '.local/share/vmlet/machines/other');
  const id = onlyEntry(join(home, '.local/state/vmlet/machines'));
  const [disk] = readdirSync(join(directory, 'storage'));
  return {
    directory,
    disk: join(directory, 'storage', disk!),
    logs: join(home, '.local/state/vmlet/machines', id),
    sockets: join(runtime, 'vmlet', id),
  };
}

function onlyEntry(directory: string): string {
  const entries = readdirSync(directory);
  if (entries.length !== 1)
    throw new Error(`expected one entry in ${directory}, found ${entries.join(', ')}`);
  return entries[0]!;
}

async function serve(path: string, scope: Scope): Promise<void> {
  await listening(
    createServer((socket) => socket.end()),
    scope,
    { path },
  );
}

async function listening(server: Server, scope: Scope, address: object): Promise<Server> {
  server.on('connection', (socket) => socket.on('error', () => undefined));
  server.listen(address);
  await once(server, 'listening');
  scope.defer(async () => {
    server.close();
    await once(server, 'close');
  });
  return server;
}

/** Stand-ins for a desktop’s services, at their usual places. */
async function serveSockets(runtime: string, shared: string, scope: Scope): Promise<[string, string][]> {
  const names = ['bus', 'wayland-0', 'ssh-agent.sock', 'gnupg/S.gpg-agent', 'keyring/control'];
  for (const name of [...names, 'systemd/private', 'podman/podman.sock', 'pulse/native']) {
    mkdirSync(dirname(join(runtime, name)), { recursive: true, mode: 0o700 });
    await serve(join(runtime, name), scope);
  }
  await serve(join(shared, 'service.sock'), scope);
  if (process.getuid?.() === 0) chownSync(join(shared, 'service.sock'), NOBODY, NOBODY);
  const bus = '/run/dbus/system_bus_socket';
  if (!existsSync(bus)) await serve(join(shared, 'system_bus_socket'), scope);
  return [['SYSTEM_BUS', existsSync(bus) ? bus : join(shared, 'system_bus_socket')]];
}

async function serveDisplay(scope: Scope): Promise<string> {
  const display = `/tmp/.X11-unix/X${process.pid}`;
  if (!existsSync(dirname(display))) {
    mkdirSync(dirname(display));
    chmodSync(dirname(display), 0o1777);
    scope.defer(() => rmSync(dirname(display), { recursive: true }));
  }
  await serve(display, scope);
  return display;
}

async function serveHost(scope: Scope): Promise<[string, string | number][]> {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
  const server = await listening(
    createServer((socket) => socket.end()),
    scope,
    { host: '127.0.0.1', port: 0 },
  );
  const { port } = server.address() as { port: number };
  for (const host of ['::1', ...(own === undefined ? [] : [own])]) {
    await listening(
      createServer((socket) => socket.end()),
      scope,
      { host, port },
    );
  }
  const datagrams = createSocket('udp4');
  datagrams.bind(0, '127.0.0.1');
  await once(datagrams, 'listening');
  scope.defer(() => void datagrams.close());
  return [
    ['PORT', port],
    ['UDP_PORT', datagrams.address().port],
    ['HOST_ADDRESS', own ?? '127.0.0.1'],
  ];
}

async function startVictim(
  directory: string,
  sockets: readonly string[],
  scope: Scope,
): Promise<[string, string | number][]> {
  const program = await build('victim', directory);
  const child = spawn(program, sockets, { stdio: ['pipe', 'pipe', 'inherit'] });
  scope.defer(async () => {
    const gone = once(child, 'exit');
    child.stdin.end();
    await gone;
  });
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const { pid, address, memory, descriptor } = JSON.parse(line) as Record<string, number>;
  return [
    ['VICTIM', pid!],
    ['PROC_VICTIM', `/proc/${pid}`],
    ['VICTIM_ADDRESS', address!],
    ['VICTIM_MEMORY', memory!],
    ['VICTIM_FD', String(descriptor)],
  ];
}

function setuidProgram(): string {
  const found = ['/usr/bin/su', '/usr/bin/mount', '/usr/bin/passwd', '/bin/su'].find(
    (path) => existsSync(path) && (statSync(path).mode & 0o4000) !== 0,
  );
  if (found === undefined) throw new Error('this host has no setuid program that could be tried');
  return found;
}

/** The first that exists on this host. */
function blockDevice(): [string, string | number][] {
  const name = readdirSync('/sys/block').find((one) => existsSync(`/dev/${one}`));
  if (name === undefined)
    return [
      ['BLOCK_DEVICE', '/dev/sda'],
      ['BLOCK_MAJOR', 8],
      ['BLOCK_MINOR', 0],
    ];
  const [major, minor] = readFileSync(`/sys/block/${name}/dev`, 'utf8').trim().split(':').map(Number);
  return [
    ['BLOCK_DEVICE', `/dev/${name}`],
    ['BLOCK_MAJOR', major!],
    ['BLOCK_MINOR', minor!],
  ];
}
