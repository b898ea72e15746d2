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

/** The same hardware as the template's, with memory and disks that begin as its own. */
export function planFork(record: TemplateRecord, files: TemplateFiles, inputs: ForkInputs): Plan {
  const { plan, opensReadOnly } = record;
  const { name, host, network, directory, wiring } = inputs;
  const disks = plan.disks.map((disk) => layerOn(disk, directory));
  const { firmware } = plan;
  return {
    ...plan,
    name,
    layers: qemuLayers({ network, wiring, longestFile: longestFileOf(plan.disks, plan.memoryBytes) }, host),
    network,
    directory,
    disks,
    firmware: firmware && { ...firmware, variablesPath: directory.nvram },
    memory: {
      kind: 'copy-on-write',
      // One that opens it to write could change what other forks begin as.
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

/** What a fork may write into begins as a copy, of a disk that is an empty layer: from where, and to where. */
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
