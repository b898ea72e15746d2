import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { blockNodeOf, diskDevice } from '../../../src/machine/qemu/block-node.ts';
import type { DiskPlan } from '../../../src/machine/plan/plan.ts';
import { type SupervisedProcess, supervise } from '../../../src/process/supervise.ts';
import { QmpClient } from '../../../src/qmp/index.ts';
import { Scope } from '../../../src/util/scope.ts';

/** The first port of a disk; ports after those of the given disks are free. */
const PORTS = 6;

export interface HardwareOptions {
  readonly directory: string;
  /** Distinguishes the sockets of several machines; empty by default. */
  readonly name?: string;
  readonly disks?: readonly DiskPlan[];
  readonly memory?: string;
  /** Additional words of the command line, such as -incoming, -kernel, -S. */
  readonly more?: readonly string[];
  /** OVMF with variables in this qcow2, as the node `firmware-vars`. */
  readonly variables?: string;
  readonly network?: string;
  /** The result of `confine`; none by default. */
  readonly confinement?: readonly string[];
}

/** QEMU with the hardware of a named machine. Descriptor 4 is the serial port. */
export interface Hardware extends AsyncDisposable {
  readonly qemu: SupervisedProcess;
  readonly qmp: QmpClient;
  readonly serial: Socket;
  /** A new connection to the agent’s port, which the caller closes. */
  connectAgent(): Promise<Socket>;
}

export function disk(nodeName: string, path: string, more: Partial<DiskPlan> = {}): DiskPlan {
  return {
    nodeName,
    path,
    format: 'qcow2',
    readOnly: false,
    backing: undefined,
    createBytes: undefined,
    cache: 'writeback',
    discard: true,
    serial: undefined,
    bus: undefined,
    bootIndex: undefined,
    ...more,
  };
}

export async function startHardware(options: HardwareOptions): Promise<Hardware> {
  const { directory, disks = [], memory = '64M', more = [], variables, network, name = '' } = options;
  const vnc = join(directory, `vnc${name}`);
  const scope = new Scope();
  const device = (one: object): string[] => ['-device', JSON.stringify(one)];
  const firmware = variables === undefined ? [] : pflash(variables);
  const tcg = ['-accel', 'tcg', '-cpu', 'max', '-m', memory];
  const inherited = (id: string, fd: number): string[] => ['-chardev', `socket,id=${id},fd=${fd}`];
  try {
    const qemu = supervise(
      [
        'qemu-system-x86_64',
        ...['-nodefaults', '-no-user-config', '-no-reboot', ...tcg],
        ...[
          '-machine',
          `q35${variables === undefined ? '' : ',pflash0=firmware-code,pflash1=firmware-vars'}`,
        ],
        ...['-display', 'none', '-vnc', `unix:${vnc}`, ...device({ driver: 'VGA' })],
        ...[...inherited('monitor', 3), '-mon', 'chardev=monitor,mode=control'],
        ...[...inherited('serial', 4), ...device({ driver: 'isa-serial', chardev: 'serial' })],
        ...device({ driver: 'virtio-serial-pci', id: 'channels' }),
        ...['-chardev', `socket,id=agent,path=${join(directory, `agent${name}`)},server=on,wait=off`],
        ...device({
          driver: 'virtserialport',
          bus: 'channels.0',
          nr: 1,
          chardev: 'agent',
          name: 'vmlet.agent',
        }),
        ...['-chardev', `socket,id=qga,path=${join(directory, `qga${name}`)},server=on,wait=off`],
        ...device({
          driver: 'virtserialport',
          bus: 'channels.0',
          nr: 2,
          chardev: 'qga',
          name: 'org.qemu.guest_agent.0',
        }),
        ...device({ driver: 'pvpanic' }),
        ...['-object', 'rng-builtin,id=entropy', ...device({ driver: 'virtio-rng-pci', rng: 'entropy' })],
        ...device({ driver: 'qemu-xhci', id: 'usb' }),
        ...device({ driver: 'usb-tablet', bus: 'usb.0' }),
        ...device({ driver: 'ide-cd', id: 'cd0', bus: 'ide.2' }),
        ...Array.from({ length: PORTS }, (_, index) =>
          device({ driver: 'pcie-root-port', id: `port${index}`, chassis: index + 1, bus: 'pcie.0' }),
        ).flat(),
        ...(network === undefined ? [] : ['-netdev', network, ...device(networkCard)]),
        ...firmware,
        ...disks.flatMap((one, index) => [
          ...['-blockdev', JSON.stringify(blockNodeOf(one))],
          ...device(diskDevice({ ...one, bus: one.bus ?? `port${index}` })),
        ]),
        ...more,
      ],
      {
        environment: {},
        descriptors: ['pipe', 'pipe'],
        confinement: options.confinement ?? [],
      },
      scope,
    );
    scope.defer(() => rmSync(vnc, { force: true }));
    const connection = (descriptor: number): Socket => qemu.connections.get(descriptor)!;
    const qmp = await QmpClient.negotiate(connection(3), {
      processExit: qemu.exited.then((status) => ({ status, stderr: qemu.output.last(20) })),
      greetingTimeoutMs: 60_000,
    });
    scope.defer(async () => qmp.close());
    return {
      qemu,
      qmp,
      serial: connection(4),
      connectAgent: async () => {
        const socket = connect(join(directory, `agent${name}`));
        await once(socket, 'connect');
        return socket;
      },
      [Symbol.asyncDispose]: async () => scope.close(),
    };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

const networkCard = { driver: 'virtio-net-pci', netdev: 'net0', mac: '52:54:00:12:34:56' };

function pflash(variables: string): string[] {
  const code = { driver: 'raw', 'node-name': 'firmware-code', 'read-only': true };
  const node = { driver: 'qcow2', 'node-name': 'firmware-vars' };
  return [
    ...[
      '-blockdev',
      JSON.stringify({ ...code, file: { driver: 'file', filename: OVMF_CODE, 'read-only': true } }),
    ],
    ...['-blockdev', JSON.stringify({ ...node, file: { driver: 'file', filename: variables } })],
  ];
}

const OVMF_CODE = '/usr/share/OVMF/OVMF_CODE_4M.fd';
export const OVMF_VARS = '/usr/share/OVMF/OVMF_VARS_4M.fd';

/** Settles with all output since the call when the guest has printed `pattern` on its serial port. */
export async function serialSays(serial: Socket, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const onEnd = (): void => reject(new Error(`the serial port ended after: ${text.slice(-2000)}`));
    const onData = (chunk: Buffer): void => {
      text += chunk.toString('latin1');
      if (!pattern.test(text)) return;
      serial.off('data', onData).off('close', onEnd);
      resolve(text);
    };
    serial.on('data', onData).once('close', onEnd);
  });
}

/** One character to the guest of fixtures/guests/disk-sector.ts, and its answer. */
export async function ask(serial: Socket, character: string): Promise<string> {
  const answer = serialSays(serial, /./s);
  serial.write(character);
  return answer;
}

/** Creates a qcow2 that contains `content`, or an empty one of that size. */
export function qcow2(path: string, content: Uint8Array | number): string {
  if (typeof content === 'number') {
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', path, String(content)]);
    return path;
  }
  const raw = `${path}.raw`;
  writeFileSync(raw, content);
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', raw, path]);
  rmSync(raw);
  return path;
}
