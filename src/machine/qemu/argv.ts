import type { Accelerator } from '../../host/kvm/accelerator.ts';
import { qmpMonitorArguments } from '../../host/programs/qmp-monitor.ts';
import { cardSocket } from '../paths/directory.ts';
import { networkCard, cardDevice } from '../../network/card/network-card.ts';
import { qemuNetwork, socketNetdev } from '../../network/card/qemu-network.ts';
import { blockNodeOf, diskDevice, seedDevice, seedNode } from './block-node.ts';
import { firmwareArguments } from './firmware-arguments.ts';
import type { SharePlan } from '../share/share-plan.ts';
import type { DiskPlan, MemoryPlan, Plan, SeedPlan, Wiring } from '../plan/plan.ts';
import { keyValueOption } from './quote.ts';
import { rootPortDevice } from './root-port.ts';
import { shareDevice } from './share-device.ts';

/** Returns the QEMU command line of a plan. It makes no choices: the plan has all defaults made explicit. */
export function qemuArguments(plan: Plan): string[] {
  const firmware = plan.firmware && firmwareArguments(plan.firmware, plan.firmware.variablesPath);
  return [
    // First, because later arguments refer to the ports.
    ...plan.rootPorts.flatMap((id, index) => deviceArguments(rootPortDevice(id, index))),
    ...(firmware?.arguments ?? []),
    ...identityArguments(plan),
    ...confinementArguments(plan),
    ...boardArguments(plan, firmware?.boardOptions),
    ...memoryArguments(plan),
    ...monitorArguments(plan),
    ...consoleArguments(plan.wiring.console),
    ...agentArguments(plan.wiring.agent),
    ...panicArguments(),
    ...entropyArguments(),
    ...generationArguments(plan),
    ...networkArguments(plan),
    ...cardArguments(plan),
    ...plan.disks.filter(({ isPlugged = false }) => !isPlugged).flatMap(diskArguments),
    ...seedArguments(plan.seed),
    ...plan.volumes.filter(isThereFromTheStart).flatMap(({ disk }) => diskArguments(disk)),
    ...plan.shares.filter(isThereFromTheStart).flatMap(shareArguments),
    ...bootArguments(plan),
    ...(plan.startPaused ? ['-S'] : []),
    ...(plan.incoming ? ['-incoming', 'defer'] : []),
  ];
}

function identityArguments(plan: Plan): string[] {
  return ['-name', keyValueOption(`guest=${plan.name}`, { process: `vmlet-${plan.name}`.slice(0, 15) })];
}

function confinementArguments({ sandbox }: Plan): string[] {
  const denials = { obsolete: 'deny', elevateprivileges: 'deny', spawn: 'deny', resourcecontrol: 'deny' };
  return ['-nodefaults', '-no-user-config', ...(sandbox ? ['-sandbox', keyValueOption('on', denials)] : [])];
}

function boardArguments(
  { board, accelerator, cpu, cpus, onReset }: Plan,
  firmware: Readonly<Record<string, string>> | undefined,
): string[] {
  const options = { ...board.options, ...firmware, 'memory-backend': 'memory' };
  return [
    ...['-machine', keyValueOption(board.type, options)],
    ...['-accel', acceleratorOption(accelerator.kind, cpus)],
    ...['-cpu', cpu],
    ...['-smp', String(cpus)],
    ...['-display', 'none'],
    ...(onReset === 'end' ? ['-no-reboot'] : []),
  ];
}

/**
 * In multi-threaded TCG, QEMU's threads race when one processor moves a PCI device's registers while another
 * uses any: on a busy host 1 of 53 guests with two processors was lost at boot (QEMU 10.0.13,
 * `iotlb_to_section: Assertion … failed`, or SIGSEGV), because a dispatch table was freed before the other
 * thread had the new one.
 */
function acceleratorOption(kind: Accelerator['kind'], cpus: number): string {
  return kind === 'tcg' && cpus > 1 ? keyValueOption('tcg', { thread: 'single' }) : kind;
}

function memoryArguments({ memoryBytes, memory }: Plan): string[] {
  return [
    ...['-m', keyValueOption('', { size: `${memoryBytes / 1024}k` }).slice(1)],
    ...objectArguments({ ...memoryBackend(memory), id: 'memory', size: memoryBytes }),
  ];
}

function memoryBackend(memory: MemoryPlan): object {
  switch (memory.kind) {
    case 'private':
      return { 'qom-type': 'memory-backend-ram' };
    case 'shared':
      return { 'qom-type': 'memory-backend-memfd', share: true };
    case 'file':
    case 'copy':
      return { 'qom-type': 'memory-backend-file', 'mem-path': memory.path, share: true };
    case 'copy-on-write':
      return {
        'qom-type': 'memory-backend-file',
        'mem-path': memory.path,
        share: false,
        ...(memory.opensReadOnly && { readonly: true, rom: 'off' }),
      };
  }
}

/** QEMU's documentation, docs/specs/vmgenid.rst. */
function generationArguments({ hasGenerationId }: Plan): string[] {
  return hasGenerationId ? deviceArguments({ driver: 'vmgenid', guid: 'auto' }) : [];
}

function monitorArguments({ wiring, monitorObjects }: Plan): string[] {
  return [...chardevArguments('monitor', wiring.monitor), ...qmpMonitorArguments('monitor', monitorObjects)];
}

function consoleArguments(wiring: Wiring): string[] {
  return [
    ...chardevArguments('console', wiring),
    ...deviceArguments({ driver: 'isa-serial', chardev: 'console' }),
  ];
}

function agentArguments(wiring: Wiring): string[] {
  return [
    ...chardevArguments('agent', wiring),
    ...deviceArguments({ driver: 'virtio-serial-pci', id: 'channels', max_ports: 3 }),
    ...deviceArguments({
      driver: 'virtserialport',
      bus: 'channels.0',
      nr: 1,
      chardev: 'agent',
      id: 'agent',
      name: 'vmlet.agent',
    }),
  ];
}

/** Reports a guest panic, which would otherwise look like a running guest. */
function panicArguments(): string[] {
  return deviceArguments({ driver: 'pvpanic' });
}

function entropyArguments(): string[] {
  return [
    ...objectArguments({ 'qom-type': 'rng-builtin', id: 'entropy' }),
    ...deviceArguments({ driver: 'virtio-rng-pci', rng: 'entropy' }),
  ];
}

function networkArguments(plan: Plan): string[] {
  const { network, directory, wiring } = plan;
  if (!network) return [];
  const { chardev, netdev, device } = qemuNetwork(network, {
    socketPath: directory.networkSocket,
    ...wiring.network,
  });
  return [
    ...(chardev ? ['-chardev', keyValueOption(chardev.backend, { ...chardev.options })] : []),
    ...['-netdev', JSON.stringify(netdev)],
    ...deviceArguments({ ...device, ...announcementOf(plan) }),
  ];
}

function cardArguments(plan: Plan): string[] {
  const announcement = announcementOf(plan);
  return plan.cards.flatMap(({ mac }, index) => {
    const device = { ...networkCard({ id: cardDevice(index), mac }), ...announcement };
    if (plan.wiring.cards === 'none') return deviceArguments(device);
    const netdev = `card${index}`;
    return [
      ...['-netdev', JSON.stringify(socketNetdev(netdev, cardSocket(plan.directory, index), 'listens'))],
      ...deviceArguments({ ...device, netdev }),
    ];
  });
}

/**
 * A fork does not announce itself with its template's address (`announce-rounds` 0). With the feature
 * enabled, QEMU 10.0 crashes on a null pointer when such a guest resets the card, as each does when it powers
 * off.
 */
function announcementOf({ memory }: Plan): object {
  return memory.kind === 'private' || memory.kind === 'shared' ? {} : { guest_announce: false };
}

function diskArguments(disk: DiskPlan): string[] {
  return ['-blockdev', JSON.stringify(blockNodeOf(disk)), ...deviceArguments(diskDevice(disk))];
}

/** After the disks, whose names in the guest must not change. */
function seedArguments(seed: SeedPlan | undefined): string[] {
  if (!seed) return [];
  return ['-blockdev', JSON.stringify(seedNode(seed)), ...deviceArguments(seedDevice(seed))];
}

function isThereFromTheStart({ port }: Pick<SharePlan, 'port'>): boolean {
  return port === undefined;
}

function shareArguments(share: SharePlan): string[] {
  const { tag, socketPath } = share;
  return [
    ...['-chardev', keyValueOption('socket', { id: tag, path: socketPath })],
    ...deviceArguments(shareDevice(share)),
  ];
}

/** SeaBIOS reboots at once when no disk has a boot sector, instead of waiting for a user; OVMF ignores the option. */
function bootArguments({ boot, onReset }: Plan): string[] {
  if (boot.kind === 'disk') {
    return onReset === 'end' && !boot.waitsForUser ? ['-boot', 'reboot-timeout=0'] : [];
  }
  return [
    ...['-kernel', boot.kernelPath],
    ...(boot.initrdPath === undefined ? [] : ['-initrd', boot.initrdPath]),
    ...['-append', boot.commandLine],
  ];
}

function chardevArguments(id: string, wiring: Wiring): string[] {
  switch (wiring.kind) {
    case 'inherited':
      return ['-chardev', keyValueOption('socket', { id, fd: wiring.descriptor })];
    case 'listening':
      return ['-chardev', keyValueOption('socket', { id, path: wiring.path, server: 'on', wait: 'off' })];
    case 'terminal':
      return ['-chardev', keyValueOption('stdio', { id, signal: 'on' })];
  }
}

function deviceArguments(device: object): string[] {
  return ['-device', JSON.stringify(device)];
}

function objectArguments(object: object): string[] {
  return ['-object', JSON.stringify(object)];
}
