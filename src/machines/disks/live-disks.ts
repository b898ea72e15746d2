import { isAbsolute } from 'node:path';
import { MachineStateError, QmpClosedError } from '../../errors/index.ts';
import { attachDisk, detachDisk } from '../../machine/state/live-disk.ts';
import type { DiskPlan } from '../../machine/plan/plan.ts';
import { isFreePort, portNumber, portOf, rootPort } from '../../machine/qemu/root-port.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { exchangeFile } from '../../util/files/atomic-file.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { unusedDiskNames } from '../plan/disk-names.ts';
import { lendFile } from './lent-file.ts';
import { SPARE_ROOT_PORTS, planDisk } from '../plan/machine-plan.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';
import { withMonitor } from '../channel/monitor.ts';

/** QEMU is asked: somebody may have plugged in something by its monitor, and what a guest still holds takes its port. */
export async function freeLiveName(definition: Definition, signal: AbortSignal | undefined): Promise<string> {
  const { spec, files } = definition;
  const { rootPorts } = readPlan(files);
  const names = unusedDiskNames(spec).filter((name) => rootPorts.includes(rootPort(portNumber(name))));
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
        `has no free port for another disk (of ${rootPorts.length})`,
        {
          hint: `each start gives it ${SPARE_ROOT_PORTS} more: vmlet stop ${spec.name}, add the disk, and start it again`,
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
  // The firmware's order of boot is for the next start; here another device may have this place in it.
  const plan = { ...planDisk(disk, 0, files), bootIndex: undefined };
  // First: a disk that QEMU has, and nobody knows of, could not be taken away again.
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
 * After the connection broke off, and QEMU may have done all that it was told, or the first half, which is undone. It
 * does one after the other, and forgets what it did not begin.
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
      const outside = isAbsolute(disk.file) ? disk.file : disk.backing?.path;
      if (outside === undefined) await attachDisk(qmp, plan, { signal });
      else
        await lendFile(files, outside, async (path) =>
          attachDisk(qmp, from(plan, outside, path), { signal }),
        );
    },
    { signal },
  );
}

/** The same disk by another name of the one file of it that is not the machine's. */
function from(plan: DiskPlan, outside: string, path: string): DiskPlan {
  if (plan.path === outside) return { ...plan, path };
  return plan.backing ? { ...plan, backing: { ...plan.backing, path } } : plan;
}

export async function unplug(
  definition: Definition,
  disk: StoredDisk,
  { timeoutMs, signal }: Limits,
): Promise<void> {
  await withMonitor(
    definition,
    async (qmp) => {
      // One that was to be plugged in by somebody who was killed is not there.
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

/** The plan says what the machine that runs has; nothing that must not be lost depends on it. */
function changePlannedDisks(
  { files }: Definition,
  change: (disks: readonly DiskPlan[]) => readonly DiskPlan[],
): void {
  const plan = readPlan(files);
  exchangeFile(files.plan, JSON.stringify({ ...plan, disks: change(plan.disks) }));
}

/** @returns the port of each disk that the machine has, where it runs. */
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
