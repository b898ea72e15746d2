import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { locate } from '../../../src/machine/paths/locations.ts';
import { identifyProcess } from '../../../src/process/procfs/identity.ts';
import { diskPath } from '../../../src/machines/plan/machine-plan.ts';
import { run } from '../../../src/process/run.ts';
import { VMLET } from '../command.ts';
import type { Home, HomeProcess } from './home.ts';

export type Role = 'command' | 'keeper' | 'qemu' | 'passt' | 'other';

export function roleOf({ program, commandLine }: HomeProcess): Role {
  if (commandLine.includes(VMLET)) return 'command';
  if (commandLine.includes('/vmlet-keeper keep ')) return 'keeper';
  // Neither QEMU nor passt yet.
  if (commandLine.includes('/vmlet-confine ')) return 'other';
  if (commandLine.includes('qemu-system-x86_64 ')) return 'qemu';
  return program.startsWith('passt') ? 'passt' : 'other';
}

interface Listing {
  readonly machines: readonly {
    readonly name: string;
    readonly state: string;
    readonly status?: {
      readonly kind: string;
      readonly keeper: Identity;
      readonly qemu?: Identity | undefined;
      readonly helpers: Readonly<Record<string, Identity>>;
    };
  }[];
}

interface Identity {
  readonly pid: number;
  readonly startTime: number;
}

const PATIENCE_MS = 60_000;

/**
 * Waits until no process of a command is left, and then runs `vmlet ls --json`.
 * @returns the errors in its answer, compared with the kernel’s processes; empty if it is correct.
 */
export async function liesOf(home: Home): Promise<string[]> {
  await settle(home);
  // A machine may end by itself while `ls` runs, after `ls` has seen it.
  const aliveBefore = new Set(
    claimsOf(machinesOf(home))
      .filter(isTrue)
      .map(({ identity }) => keyOf(identity)),
  );
  const { status, stdout, stderr } = await home.vmlet('ls', '--json');
  if (status !== 0) return [`ls ends with ${String(status)}: ${stderr}`];
  const { machines } = JSON.parse(stdout) as Listing;
  const broken = machines.filter(({ state }) => state === 'broken').map(({ name }) => `${name} is broken`);
  return [...broken, ...unaccounted(home.processes(), machines, aliveBefore)];
}

/**
 * Waits until no process of a command is left; @returns false if that does not happen.
 * @param lasting usually transient states that may last here.
 */
export async function settle(home: Home, lasting: readonly string[] = []): Promise<boolean> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!isSettled(home, lasting)) {
    if (Date.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

/** The test looks at the machines only to know when to ask; the output of `ls` is compared, not this. */
function isSettled(home: Home, lasting: readonly string[]): boolean {
  const processes = home.processes();
  const passing = processes.some((one) => ['command', 'other'].includes(roleOf(one)));
  const changing = home
    .machines()
    .flatMap((one) => ('spec' in one && one.status.kind === 'running' ? one.status.state : []))
    .some((state) => IN_BETWEEN.has(state) && !lasting.includes(state));
  return !passing && !changing && unaccounted(processes, machinesOf(home)).length === 0;
}

function machinesOf(home: Home): Listing['machines'] {
  return home.machines().map((one) => ({
    name: one.name,
    state: '',
    ...('spec' in one && one.status.kind === 'running' && { status: one.status }),
  }));
}

const IN_BETWEEN: ReadonlySet<string> = new Set(['starting', 'shutdown', 'save-vm']);

/** A process that a running machine is said to have. */
interface Claim {
  readonly what: string;
  readonly identity: Identity | undefined;
}

function claimsOf(machines: Listing['machines']): Claim[] {
  return machines
    .filter(({ status }) => status?.kind === 'running')
    .flatMap(({ name, status }) => {
      const roles = { keeper: status?.keeper, qemu: status?.qemu, ...status?.helpers };
      return Object.entries(roles).map(([role, identity]) => ({ what: `${role} of ${name}`, identity }));
    });
}

/** An ordinary user sees that passt is alive, but not whose it is. */
function isTrue({ identity }: Claim): boolean {
  return identity !== undefined && identifyProcess(identity.pid)?.startTime === identity.startTime;
}

function keyOf(identity: Identity | undefined): string {
  return identity ? `${identity.pid}@${identity.startTime}` : 'no process';
}

/** Processes that belong to no running machine, and recorded processes that are not alive, and were not before. */
function unaccounted(
  processes: readonly HomeProcess[],
  machines: Listing['machines'],
  aliveBefore: ReadonlySet<string> = new Set(),
): string[] {
  const claims = claimsOf(machines);
  const missing = claims.filter((claim) => !isTrue(claim) && !aliveBefore.has(keyOf(claim.identity)));
  const claimed = new Set(claims.map(({ identity }) => keyOf(identity)));
  const unowned = processes.filter((identity) => !claimed.has(keyOf(identity)));
  return [
    ...missing.map((claim) => `the ${claim.what} is said to live (${keyOf(claim.identity)})`),
    ...unowned.map(
      (one) => `${roleOf(one)} ${keyOf(one)} belongs to no machine: ${one.commandLine.slice(0, 120)}`,
    ),
  ];
}

export interface DiskCheck {
  readonly corrupt: readonly string[];
  /** Leaked clusters: wasted space, but harmless. */
  readonly leaking: number;
}

/** Checks with qemu-img each disk of stopped machines, and disks that outlived their machine. */
export async function checkDisks(home: Home): Promise<DiskCheck> {
  const stopped = home.machines().filter((one) => 'spec' in one && one.status.kind !== 'running');
  const disks = stopped.flatMap((one) =>
    'spec' in one ? one.spec.disks.map((disk) => diskPath(disk, home.store.get(one.name).files)) : [],
  );
  const results = await Promise.all(
    [...disks, ...keptDisks(home)].map(async (path) => {
      // 2: there are errors; 3: clusters leak.
      const result = await run(['qemu-img', 'check', '-q', '-f', 'qcow2', path], {
        acceptedExitCodes: [0, 1, 2, 3],
      });
      return { path, ...result };
    }),
  );
  return {
    corrupt: results
      .filter(({ exitCode }) => exitCode === 1 || exitCode === 2)
      .map(({ path, stderr }) => `${path}: ${stderr}`),
    leaking: results.filter(({ exitCode }) => exitCode === 3).length,
  };
}

export function keptDisks({ environment }: Home): string[] {
  return entries(locate(environment, '/', 0).disks);
}

/** Leftovers of killed commands that any later command should have removed. */
export function leftovers(home: Home): string[] {
  const { machines, logs, runtime } = locate(home.environment, '/', 0);
  const ids = new Set(home.machines().map((one) => ('spec' in one ? one.spec.id : '')));
  const orphans = [...entries(logs), ...entries(runtime)].filter((path) => !ids.has(path.slice(-8)));
  return [...orphans, ...halfWritten(machines)];
}

/** Leftovers that only commands that create or remove a machine sweep. */
export function stagingLeftovers({ environment }: Home): string[] {
  return entries(join(locate(environment, '/', 0).machines, '.staging'));
}

function halfWritten(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.startsWith('.staging/') && /\.\d+\.new$/.test(name))
    .map((name) => join(directory, name));
}

function entries(directory: string): string[] {
  return statSync(directory, { throwIfNoEntry: false })?.isDirectory()
    ? readdirSync(directory).map((name) => join(directory, name))
    : [];
}
