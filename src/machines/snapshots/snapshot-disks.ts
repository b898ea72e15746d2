import { InvalidInputError } from '../../errors/index.ts';
import { FIRMWARE_VARS_NODE } from '../../machine/qemu/firmware-arguments.ts';
import { listSnapshots } from '../../images/qemu-img/disk-snapshot.ts';
import { disksInSnapshots, requireOnSomeDisk } from '../../machine/state/machine-snapshot.ts';
import type { SnapshotNodes } from '../../machine/state/memory-snapshot.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { Definition } from '../record/definition.ts';
import { portsOf } from '../disks/live-disks.ts';
import { diskPath, planDisk } from '../plan/machine-plan.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';
import { readStatus } from '../record/machine-status.ts';

/** Returns the plan with the present disks: some may have been added or removed since the start. */
export async function runningHardware(
  definition: Definition,
  signal: AbortSignal | undefined,
): Promise<NamedPlan> {
  const { files } = definition;
  const ports = await portsOf(definition, signal);
  const disks = presentDisks(definition).flatMap((disk) => {
    const bus = ports.get(disk.name);
    return bus === undefined ? [] : [{ ...planDisk(disk, 0, files), bus }];
  });
  return { ...readPlan(files), disks };
}

/** Returns the disks with the access that a running QEMU has to them: a change waits for the next start. */
function presentDisks({ spec, files }: Definition): readonly StoredDisk[] {
  if (readStatus(files).kind !== 'running') return spec.disks;
  const planned = new Map(readPlan(files).disks.map(({ nodeName, readOnly }) => [nodeName, readOnly]));
  return spec.disks.map((disk) => ({ ...disk, readOnly: planned.get(disk.name) ?? disk.readOnly }));
}

/** Returns the block nodes that snapshots of a running machine include. @throws InvalidInputError */
export function nodesOf({ disks, firmware }: NamedPlan): SnapshotNodes {
  const [first, ...others] = disksInSnapshots(disks);
  const names = others.map(({ nodeName }) => nodeName);
  return [first.nodeName, ...names, ...(firmware ? [FIRMWARE_VARS_NODE] : [])];
}

/** Returns the files that snapshots of a machine include. @throws InvalidInputError */
export function pathsOf(definition: Definition): string[] {
  const { spec, files } = definition;
  const disks = disksInSnapshots(
    presentDisks(definition).map((disk) => ({ ...disk, path: diskPath(disk, files) })),
  );
  return [...disks.map(({ path }) => path), ...(spec.firmware.kind === 'bios' ? [] : [files.nvram])];
}

/** The machine's own disks that have become read-only: earlier snapshots may include them. */
function nowReadOnly(definition: Definition): { readonly name: string; readonly path: string }[] {
  return presentDisks(definition)
    .filter(({ format, owned, readOnly }) => format === 'qcow2' && owned && readOnly)
    .map((disk) => ({ name: disk.name, path: diskPath(disk, definition.files) }));
}

/**
 * Refuses to take, restore or remove a part of a snapshot.
 * @throws InvalidInputError when the snapshot includes a disk that is read-only now.
 */
export async function refuseReadOnlyParts(
  definition: Definition,
  snapshot: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { name: machine } = definition.spec;
  for (const { name, path } of nowReadOnly(definition)) {
    const snapshots = await listSnapshots({ path, signal });
    if (!snapshots.some((one) => one.name === snapshot)) continue;
    throw new InvalidInputError(
      'snapshot',
      `${JSON.stringify(snapshot)} includes ${name}, which is read-only now`,
      {
        hint: `stop the machine, and make the disk writable: vmlet disk set ${machine} ${name} --no-readonly`,
      },
    );
  }
}

/** Returns the files of which snapshots can be removed, while the machine is stopped, also if none can be taken. */
export function pathsForRemoval(definition: Definition): string[] {
  return [...placesOf(definition), ...nowReadOnly(definition)].map(({ path }) => path);
}

/**
 * Returns the block nodes of a running machine of which snapshots can be removed, also if none can be taken.
 * @throws InvalidInputError when there are none.
 */
export function nodesForRemoval(definition: Definition, { disks }: Pick<NamedPlan, 'disks'>): SnapshotNodes {
  const present = new Set([...disks.map(({ nodeName }) => nodeName), FIRMWARE_VARS_NODE]);
  const [first, ...others] = placesOf(definition)
    .map(({ node }) => node)
    .filter((node) => present.has(node));
  if (first !== undefined) return [first, ...others];
  throw new InvalidInputError('snapshot', 'the running machine has no disk with snapshots');
}

/** @throws InvalidInputError unless each of the snapshots is on some disk. */
export async function requireOnDisks(
  definition: Definition,
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const paths = pathsForRemoval(definition);
  const disks = await Promise.all(paths.map(async (path) => listSnapshots({ path, signal })));
  for (const name of names) requireOnSomeDisk(disks, name);
}

/** Returns the places of snapshots without an error for unsupported disks. */
export function placesOf(definition: Definition): { readonly node: string; readonly path: string }[] {
  const { spec, files } = definition;
  const disks = presentDisks(definition).filter(({ format, readOnly }) => format === 'qcow2' && !readOnly);
  return [
    ...disks.map((disk) => ({ node: disk.name, path: diskPath(disk, files) })),
    ...(spec.firmware.kind === 'bios' ? [] : [{ node: FIRMWARE_VARS_NODE, path: files.nvram }]),
  ];
}
