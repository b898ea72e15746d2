import { mkdirSync, readFileSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  MachineBusyError,
  MachineNotFoundError,
  MachineStateError,
  isSystemError,
} from '../../../src/errors/index.ts';
import { probeHost } from '../../../src/host/probe.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { ownLocations } from '../../../src/machine/paths/own-locations.ts';
import type { NamedPlan } from '../../../src/machine/plan/named-plan.ts';
import { type ListedMachine, MachineStore } from '../../../src/machines/index.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { type Finished, type Started, copyCompiledCode, returnCompiledCode, start } from '../command.ts';
import { until } from '../../until.ts';
import { copyProbedHost } from '../probed-host.ts';

/** A live process that belongs to a home. */
export interface HomeProcess {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat. */
  readonly startTime: number;
  /** The name of its program as the kernel has it, at most 15 bytes. */
  readonly program: string;
  readonly commandLine: string;
}

/**
 * A user of its own, as far as vmlet sees: XDG directories that contain only the host’s images and its probed
 * features.
 */
export interface Home {
  readonly path: string;
  readonly environment: NodeJS.ProcessEnv;
  /** The library on the same machines, in the process of the test. */
  readonly store: MachineStore;
  /** Runs the built command to its end. */
  vmlet(...args: string[]): Promise<Finished>;
  start(args: readonly string[], options?: { readonly input?: string }): Started;
  /** Runs a program in a guest by the library: `vmlet exec` takes ten times as long. */
  exec(machine: string, ...argv: [string, ...string[]]): Promise<Omit<Finished, 'signal'>>;
  machines(): ListedMachine[];
  /** All live processes that name this home’s directories in their command line or environment, or have files in it open. */
  processes(): HomeProcess[];
  /** Powers off all machines immediately, and removes them with their disks. */
  removeAll(): Promise<void>;
  /**
   * The same, and removes the directories. Switches, which linger for three seconds after their last members, are ended at
   * once, unless `waitsForSwitches` is set.
   * @throws Error that names the remaining processes, which are killed.
   */
  close(options?: { readonly waitsForSwitches?: boolean }): Promise<void>;
}

/**
 * @param parent the directory that contains it; the host’s temporary one by default. It may be on a small file system,
 *   so the command’s compiled code is not copied there.
 * @param command vmlet's command; the built one by default.
 */
export async function makeHome(parent?: string, command?: string): Promise<Home> {
  const directory = makeTemporaryDirectory(parent);
  const { path } = directory;
  const environment: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: path,
    XDG_DATA_HOME: join(path, 'data'),
    XDG_STATE_HOME: join(path, 'state'),
    XDG_CACHE_HOME: join(path, 'cache'),
    XDG_CONFIG_HOME: join(path, 'config'),
    XDG_RUNTIME_DIR: join(path, 'run'),
    NOTIFY_SOCKET: undefined,
  };
  const own = locate(environment, path, 0);
  const parents = [own.images, own.cache, own.runtime].map((one) => dirname(one));
  await Promise.all(parents.map(async (parent) => mkdir(parent, { recursive: true, mode: 0o700 })));
  shareImages(own);
  // A new build has another key, with which the user’s survey does not match.
  await probeHost({ cacheDirectory: ownLocations().cache }).catch((error: unknown) => {
    directory.remove();
    throw error;
  });
  copyProbedHost(own.cache);
  if (parent === undefined) copyCompiledCode(own.cache);

  const store = new MachineStore(environment);
  const removeAll = async (): Promise<void> => {
    await Promise.all(store.names().map(async (name) => removeOne(store, name)));
  };
  return {
    path,
    environment,
    store,
    removeAll,
    vmlet: async (...args) => start(args, { env: environment, command }).finished,
    start: (args, options) => start(args, { ...options, env: environment, command }),
    exec: async (machine, ...argv) => {
      const { exitCode, stdout, stderr } = await store.get(machine).live().exec(argv);
      return { status: exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
    },
    machines: () => store.list(),
    processes: () => processesOf(path),
    close: async ({ waitsForSwitches = false } = {}) => {
      await removeAll();
      const left = await endStragglers(path, waitsForSwitches);
      if (parent === undefined) returnCompiledCode(own.cache);
      directory.remove();
      if (left.length > 0) throw new Error(`these outlived their machines:\n${left.join('\n')}`);
    },
  };
}

/** Returns the ports for disks; whether there are others depends on the host's QEMU and virtiofsd. */
export function diskPorts({ rootPorts }: Pick<NamedPlan, 'rootPorts'>): string[] {
  return rootPorts.filter((port) => /^port\d+$/.test(port));
}

/** Building micro would take some seconds for each home. */
function shareImages(own: ReturnType<typeof locate>): void {
  const { images } = locate(process.env, homedir(), process.getuid?.() ?? 0);
  mkdirSync(images, { recursive: true, mode: 0o700 });
  symlinkSync(images, own.images);
}

async function removeOne(store: MachineStore, name: string): Promise<void> {
  await until(async () => {
    try {
      await store.remove(name, { force: true, storage: true });
      return true;
    } catch (error) {
      if (!(error instanceof MachineBusyError)) throw error;
      // A command of the test that is exiting, or waits for a guest that hangs.
      await killOne(store, name);
      return false;
    }
  });
}

async function killOne(store: MachineStore, name: string): Promise<void> {
  try {
    await store.get(name).live().kill();
  } catch (error) {
    if (error instanceof MachineStateError || error instanceof MachineNotFoundError) return;
    throw error;
  }
}

const PATIENCE_MS = 60_000;

/** Returns the processes that are left after a while, and kills them. */
async function endStragglers(path: string, waitsForSwitches: boolean): Promise<string[]> {
  const deadline = Date.now() + PATIENCE_MS;
  await until(() => {
    const live = processesOf(path);
    const areSwitches = live.every(({ program }) => program === 'vmlet-switch');
    if (areSwitches && !waitsForSwitches) for (const { pid } of live) terminate(pid);
    return live.length === 0 || Date.now() > deadline;
  });
  const left = processesOf(path);
  for (const { pid } of left) terminate(pid, 'SIGKILL');
  return left.map(({ pid, commandLine }) => `${pid}: ${commandLine.slice(0, 200)}`);
}

export function terminate(pid: number, signal: NodeJS.Signals = 'SIGTERM'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has ended meanwhile.
    if (!isSystemError(error, 'ESRCH')) throw error;
  }
}

export function processesOf(path: string): HomeProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => lookAt(pid, path))
    .filter((found) => found !== undefined);
}

function lookAt(pid: string, path: string): HomeProcess | undefined {
  const directory = `/proc/${pid}`;
  try {
    const stat = readFileSync(`${directory}/stat`, 'latin1');
    const program = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const commandLine = readFileSync(`${directory}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
    // One of the kernel's own.
    if (commandLine === '') return undefined;
    const belongs =
      commandLine.includes(path) ||
      readFileSync(`${directory}/environ`, 'latin1').includes(path) ||
      openFiles(directory).some((file) => file.startsWith(path));
    return belongs ? { pid: Number(pid), startTime: Number(fields[19]), program, commandLine } : undefined;
  } catch (error) {
    // It has exited, or is another user’s.
    if (isSystemError(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}

/**
 * passt names no file of ours in its arguments; its output goes into one.
 * @param directory of the process in /proc.
 */
export function openFiles(directory: string): string[] {
  return readdirSync(`${directory}/fd`).map((fd) => {
    try {
      return readlinkSync(`${directory}/fd/${fd}`);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return '';
      throw error;
    }
  });
}
