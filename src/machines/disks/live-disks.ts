import { isAbsolute } from 'node:path';
import { MachineStateError, PermissionError, QmpClosedError } from '../../errors/index.ts';
import { attachDisk, detachDisk } from '../../machine/state/live-disk.ts';
import type { DiskPlan } from '../../machine/plan/plan.ts';
import { isFreePort, portNumber, portOf, rootPort } from '../../machine/qemu/root-port.ts';
import type { QmpClient } from '../../qmp/index.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { unusedDiskNames } from '../plan/disk-names.ts';
import { refusePaused } from '../lock/paused-guest.ts';
import { openLinkedFile } from './linked-file.ts';
import { SPARE_ROOT_PORTS, planDisk } from '../plan/machine-plan.ts';
import { readPlan, replacePlan } from '../record/machine-plan-file.ts';
import type { Backing, StoredDisk } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';

/** Asks QEMU: devices added by its monitor, and disks that a guest has not released, also occupy ports. */
export async function freeLiveName(definition: Definition, signal: AbortSignal | undefined): Promise<string> {
  const { spec, files } = definition;
  const { rootPorts } = readPlan(files);
  const diskPorts = rootPorts.filter((port) => /^port\d+$/.test(port));
  const names = unusedDiskNames(spec).filter((name) => diskPorts.includes(rootPort(portNumber(name))));
  return withMonitor(
    definition,
    async (qmp) => {
      const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
      for (const name of names) {
        const isTaken = nodes.some((node) => node['node-name'] === name);
        if (!isTaken && (await isFreePort(qmp, rootPort(portNumber(name))))) return name;
      }
      throw new MachineStateError(
        spec.name,
        'running',
        `has no free PCIe slot for another disk (all ${diskPorts.length} are in use)`,
        {
          hint: `stop the machine, add the disk and start the machine again: each start adds ${SPARE_ROOT_PORTS} spare slots`,
        },
      );
    },
    { signal },
  );
}

export async function plugIn(
  definition: Definition,
  disk: StoredDisk,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { files } = definition;
  // The firmware's boot order applies at the next start; another device may have this index now.
  const plan = { ...planDisk(disk, 0, files), bootIndex: undefined };
  // First the plan: a disk that QEMU has, but the plan does not, could not be removed again.
  changePlannedDisks(definition, (disks) => [...disks, plan]);
  try {
    await attach(definition, disk, plan, signal);
  } catch (error) {
    if (error instanceof QmpClosedError && (await hasPluggedIn(definition, disk))) return plan.bus;
    changePlannedDisks(definition, (disks) => disks.filter(({ nodeName }) => nodeName !== disk.name));
    throw error;
  }
  return plan.bus;
}

/**
 * Finds out, after a lost connection, whether QEMU plugged the disk in. QEMU runs the commands in order and drops those
 * that it has not begun; if it did only the first half, that half is undone.
 */
async function hasPluggedIn(definition: Definition, { name }: StoredDisk): Promise<boolean> {
  return withMonitor(definition, async (qmp) => {
    if ((await portOf(qmp, name)) !== undefined) return true;
    if (await hasNode(qmp, name)) await qmp.execute('blockdev-del', { 'node-name': name });
    return false;
  });
}

async function attach(
  definition: Definition,
  disk: StoredDisk,
  plan: DiskPlan,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { files } = definition;
  await withMonitor(
    definition,
    async (qmp) => {
      const [outside, ...below] = filesOutside(disk);
      if (outside === undefined) await attachDisk(qmp, plan, { signal });
      else
        await openLinkedFile(files, outside, async (path) =>
          attachDisk(qmp, from(plan, outside, path), { signal }),
        ).catch((error: unknown) => {
          throw below.length > 0 ? explainChain(error, [outside, ...below]) : error;
        });
    },
    { signal },
  );
}

/** Returns the files of a disk that are not in the machine's directory. */
function filesOutside({ file, backing }: Pick<StoredDisk, 'file' | 'backing'>): string[] {
  return [...(isAbsolute(file) ? [file] : []), ...(backing ? backingFiles(backing) : [])];
}

function backingFiles({ path, backing }: Backing): string[] {
  return [path, ...(backing ? backingFiles(backing) : [])];
}

/** A confined QEMU gets a link to the first file alone: it could write to each, also to those that other machines use. */
export function explainChain(error: unknown, [file, backing = '']: readonly string[]): unknown {
  if (!(error instanceof PermissionError)) return error;
  return new PermissionError(
    `permission denied: ${file} has a backing file, ${backing}, and the running machine cannot open both`,
    { hint: 'stop the machine first, then add the disk', cause: error },
  );
}

/** Returns the plan of the same disk with another path for its file outside the machine's directory. */
function from(plan: DiskPlan, outside: string, path: string): DiskPlan {
  if (plan.path === outside) return { ...plan, path };
  return plan.backing ? { ...plan, backing: { ...plan.backing, path } } : plan;
}

export async function unplug(
  definition: Definition,
  disk: StoredDisk,
  { timeoutMs, signal }: Limits,
): Promise<void> {
  const { spec, files } = definition;
  // The request would stay pending, and the guest would follow it when it is resumed.
  if (readPlan(files).disks.some(({ nodeName }) => nodeName === disk.name)) {
    refusePaused(spec.name, readStatus(files), 'release its disk');
  }
  await withMonitor(
    definition,
    async (qmp) => {
      // A disk whose addition was interrupted is not there.
      if (await hasNode(qmp, disk.name))
        await detachDisk(qmp, { nodeName: disk.name }, { timeoutMs, signal });
    },
    { waitsForGuest: true, signal },
  );
  changePlannedDisks(definition, (disks) => disks.filter(({ nodeName }) => nodeName !== disk.name));
}

async function hasNode(qmp: QmpClient, name: string): Promise<boolean> {
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
  return nodes.some((node) => node['node-name'] === name);
}

function changePlannedDisks(
  { files }: Definition,
  change: (disks: readonly DiskPlan[]) => readonly DiskPlan[],
): void {
  const plan = readPlan(files);
  replacePlan(files, { ...plan, disks: change(plan.disks) });
}

/** Returns the port of each disk that a running machine has. */
export async function portsOf(
  definition: Definition,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { spec, files } = definition;
  if (readStatus(files).kind !== 'running') return new Map();
  return withMonitor(
    definition,
    async (qmp) => {
      const found = await Promise.all(
        spec.disks.map(async ({ name }) => [name, await portOf(qmp, name)] as const),
      );
      return new Map(found.flatMap(([name, port]) => (port === undefined ? [] : [[name, port] as const])));
    },
    { signal },
  );
}
