import type { Accelerator } from '../../host/kvm/accelerator.ts';
import type { Host } from '../../host/survey/host.ts';
import type { BoundNetworkPlan } from '../../network/plan/network.ts';
import { InvalidInputError } from '../../errors/index.ts';
import type { Firmware } from '../../host/firmware/firmware.ts';
import { hasMonitorObjects } from '../../host/programs/qmp-monitor.ts';
import { backingChain } from '../qemu/block-node.ts';
import { board, bootParameters, cpuModel, fullBoard, modulesOf, optionalModules } from '../plan/board.ts';
import { SEED_PORT, rootPorts } from '../qemu/root-port.ts';
import { hasNamedOwner } from '../share/guest-owner.ts';
import type { FoundShare } from '../share/share-plan.ts';
import { longestFileOf, qemuLayers } from '../qemu/qemu-confinement.ts';
import type { MachineDirectory } from '../paths/directory.ts';
import { planDisks } from './plan-disks.ts';
import { planShares } from './plan-shares.ts';
import { planVolumes, readOnlyVolumes } from './plan-volumes.ts';
import type { BootSource, FoundSpec } from './found-spec.ts';
import { LONGEST_KERNEL_COMMAND_LINE } from '../spec/kernel-command-line.ts';
import { AGENT_IN_INITRD, type BootPlan, type MemoryPlan, type Plan } from '../plan/plan.ts';

export interface PlanInputs {
  readonly spec: FoundSpec;
  readonly host: Host;
  readonly accelerator: Accelerator;
  readonly cgroup: Plan['cgroup'];
  readonly source: BootSource;
  readonly firmware: Firmware | undefined;
  readonly hasSeed: boolean;
  readonly network: BoundNetworkPlan | undefined;
  readonly directory: MachineDirectory;
  readonly wiring: Plan['wiring'];
  readonly startPaused: boolean;
  /** MAC addresses of cards for private networks; none by default. */
  readonly cards?: readonly string[];
  /** A file for its memory, from which machines will be forked. */
  readonly memoryFile?: string | undefined;
}

/** How many directories, volumes and extra disks a fork can have. */
export const PORTS_FOR_FORKS = 4;

/** @throws InvalidInputError when the kernel's command line is too long. */
export function planMachine(inputs: PlanInputs): Plan {
  const { spec, host, accelerator, source, firmware, network, directory, wiring } = inputs;
  const cards = (inputs.cards ?? []).map((mac) => ({ mac }));
  const disks = planDisks(spec, source, directory);
  const shares = planShares(spec.shares, host, (tag) => directory.shareSocket(tag), portsOf(spec.shares));
  const volumes = planVolumes(spec.volumes);
  const memory = planMemory(inputs);
  const boot = planBoot(spec, source, directory);
  const longestFile = longestFileOf(disks, volumes, spec.memoryBytes);
  const layers = qemuLayers({ network, shares, wiring, longestFile }, host);
  return {
    name: spec.name,
    qemu: host.qemu.path,
    layers,
    cgroup: inputs.cgroup,
    sandbox: host.qemu.sandbox,
    monitorObjects: hasMonitorObjects(host.qemu),
    board: source.kind === 'disk' ? fullBoard : board,
    accelerator,
    cpu: cpuModel(spec.cpu, accelerator),
    cpus: spec.cpus,
    memoryBytes: spec.memoryBytes,
    memory,
    incoming: false,
    hasGenerationId: inputs.memoryFile !== undefined,
    boot,
    rootPorts: planPorts(inputs),
    firmware: firmware && { ...firmware, variablesPath: directory.nvram },
    disks,
    seed: inputs.hasSeed
      ? { path: directory.seed, bus: inputs.memoryFile === undefined ? undefined : SEED_PORT }
      : undefined,
    shares,
    volumes,
    tmpfs: spec.tmpfs,
    network,
    cards,
    wiring,
    onReset: 'end',
    startPaused: inputs.startPaused,
    directory,
    readOnlyFiles: [
      ...(source.kind === 'kernel' ? [source.kernelPath, source.initrdPath] : []),
      firmware?.code.path,
      ...disks.flatMap((disk) => [
        ...backingChain(disk).map(({ path }) => path),
        disk.readOnly ? disk.path : undefined,
      ]),
      ...readOnlyVolumes(volumes),
    ].filter((path) => path !== undefined),
    guest: {
      hostname: spec.name,
      directory: spec.directory,
      ...(source.kind === 'disk'
        ? { modules: [], optionalModules: [], setsUpNetwork: false }
        : {
            modules: modulesOf({ network, cards, disks, volumes }),
            optionalModules,
            setsUpNetwork: true,
          }),
    },
  };
}

/** The seed of a fork's guest gives way to extra disks, which a boot would have seen before it. */
function planPorts({ memoryFile, hasSeed, spec }: PlanInputs): string[] {
  if (memoryFile === undefined) return portsOf(spec.shares).filter((port) => port !== undefined);
  return [...rootPorts(PORTS_FOR_FORKS), ...(hasSeed ? [SEED_PORT] : [])];
}

/** A directory whose owner is a name is plugged in when the guest has said the number. */
function portsOf(shares: readonly FoundShare[]): (string | undefined)[] {
  const ports = rootPorts(shares.length);
  return shares.map((share) => (hasNamedOwner(share) ? ports.shift() : undefined));
}

function planMemory({ memoryFile, network, spec }: PlanInputs): MemoryPlan {
  if (memoryFile !== undefined) return { kind: 'file', path: memoryFile };
  const isShared = network?.backend === 'passt-vhost-user' || spec.shares.length > 0;
  return { kind: isShared ? 'shared' : 'private' };
}

function planBoot(spec: FoundSpec, source: BootSource, directory: MachineDirectory): BootPlan {
  if (source.kind === 'disk')
    return { kind: 'disk', ...(spec.until === 'running' && { waitsForUser: true }) };
  const isExtended = source.needsAgent || source.modules !== undefined;
  const words = [
    ...bootParameters,
    ...source.append,
    ...(source.needsAgent ? [`rdinit=/${AGENT_IN_INITRD}`] : []),
    spec.append ?? '',
  ];
  const commandLine = words.join(' ').trim();
  const length = Buffer.byteLength(commandLine);
  if (length > LONGEST_KERNEL_COMMAND_LINE) {
    throw new InvalidInputError(
      'append',
      `the kernel command line is too long: ${length} bytes (limit: ${LONGEST_KERNEL_COMMAND_LINE})`,
      {
        hint: 'shorten --append; to pass long values to a program in the guest, use its arguments, environment variables or files',
      },
    );
  }
  return {
    kind: 'kernel',
    kernelPath: source.kernelPath,
    initrdPath: isExtended ? directory.initrd : source.initrdPath,
    initrdBase: isExtended ? source.initrdPath : undefined,
    modules: source.modules,
    commandLine,
  };
}
