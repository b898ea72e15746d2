import { join } from 'node:path';
import type { Host } from '../host/survey/host.ts';
import type { BoundNetworkPlan } from '../network/plan/network.ts';
import { backingChain } from '../machine/qemu/block-node.ts';
import { longestFileOf, qemuLayers } from '../machine/qemu/confinement.ts';
import type { MachineDirectory } from '../machine/paths/directory.ts';
import type { DiskPlan, Plan } from '../machine/plan/plan.ts';
import type { TemplateFiles } from './template-files.ts';
import type { TemplateRecord } from './template-record.ts';

export interface ForkInputs {
  readonly name: string;
  readonly host: Host;
  readonly network: BoundNetworkPlan | undefined;
  readonly directory: MachineDirectory;
  readonly wiring: Plan['wiring'];
}

/** Plans a fork: the template's hardware, with copies of its memory and overlays of its disks. */
export function planFork(record: TemplateRecord, files: TemplateFiles, inputs: ForkInputs): Plan {
  const { plan, opensReadOnly } = record;
  const { name, host, network, directory, wiring } = inputs;
  const disks = plan.disks.map((disk) => layerOn(disk, directory));
  const { firmware } = plan;
  return {
    ...plan,
    name,
    layers: qemuLayers(
      {
        network,
        shares: plan.shares,
        wiring,
        longestFile: longestFileOf(plan.disks, plan.volumes, plan.memoryBytes),
      },
      host,
    ),
    network,
    directory,
    disks,
    firmware: firmware && { ...firmware, variablesPath: directory.nvram },
    memory: {
      kind: 'copy-on-write',
      // A QEMU that opens the file for writing could change what other forks start from.
      path: opensReadOnly ? files.memory : join(directory.storage, 'memory'),
      opensReadOnly,
    },
    incoming: true,
    startPaused: true,
    wiring,
    guest: { ...plan.guest, hostname: name },
    readOnlyFiles: [
      ...new Set([
        ...plan.readOnlyFiles,
        files.state,
        ...(opensReadOnly ? [files.memory] : []),
        ...(plan.seed ? [plan.seed.path] : []),
        ...(plan.boot.kind === 'kernel' && plan.boot.initrdPath !== undefined ? [plan.boot.initrdPath] : []),
        ...disks.flatMap((disk) => backingChain(disk).map(({ path }) => path)),
      ]),
    ],
  };
}

/** Lists the files that a fork writes to, as copies to make. For a disk that is its empty overlay. */
export function writableCopies(
  { disks, firmware, memory }: Plan,
  files: TemplateFiles,
  origin: Plan,
): (readonly [from: string, to: string])[] {
  const copies = disks
    .filter(({ readOnly }) => !readOnly)
    .map(({ nodeName, path }): [string, string] => [files.overlay(nodeName), path]);
  if (firmware && origin.firmware) copies.push([origin.firmware.variablesPath, firmware.variablesPath]);
  if (memory.kind === 'copy-on-write' && !memory.opensReadOnly) copies.push([files.memory, memory.path]);
  return copies;
}

function layerOn(disk: DiskPlan, directory: MachineDirectory): DiskPlan {
  if (disk.readOnly) return disk;
  const { path, format, backing } = disk;
  return {
    ...disk,
    path: directory.disk(disk.nodeName),
    format: 'qcow2',
    backing: { path, format, backing },
    createBytes: undefined,
  };
}
