import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isSystemError } from '../../../src/errors/index.ts';
import { probePasst } from '../../../src/host/programs/passt.ts';
import { readHostNetwork } from '../../../src/network/probe/host-network.ts';
import { chooseHostPorts } from '../../../src/network/ports/host-port.ts';
import {
  type BoundNetworkPlan,
  type NetworkBackend,
  planNetwork,
} from '../../../src/network/plan/network.ts';
import { type BoundForward, type PortInput, parsePortForwards } from '../../../src/network/ports/port.ts';
import { qemuNetwork } from '../../../src/network/card/qemu-network.ts';
import { type RunningNetwork, startNetwork } from '../../../src/passt/running-network.ts';
import { requireProgram } from '../../../src/process/program.ts';
import { type SupervisedProcess, supervise } from '../../../src/process/supervise.ts';
import type { Scope } from '../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

/** A real QEMU with stopped processors and a real network. */
export interface Machine {
  readonly qemu: SupervisedProcess;
  readonly network: RunningNetwork;
  readonly forwards: readonly BoundForward[];
  readonly socketPath: string;
  /** Settles with QEMU’s first QMP reply, when QEMU has created all its devices. */
  readonly replied: Promise<void>;
  send(command: string): void;
}

/** The ways in which passt can serve QEMU, and whether this host’s passt supports them. */
export const PASST_BACKENDS: readonly { backend: NetworkBackend; missing: boolean }[] = [
  {
    backend: 'passt-vhost-user',
    missing: !(await probePasst(requireProgram('passt'), undefined)).hasVhostUser,
  },
  { backend: 'passt-stream', missing: false },
];
/** One line for a skipped test. */
export const NO_VHOST_USER = 'this passt has no --vhost-user';

const environment = { PATH: process.env['PATH'] ?? '/usr/bin' };

async function planFor(
  backend: NetworkBackend,
  forwards: readonly BoundForward[],
  passtPath = requireProgram('passt'),
): Promise<BoundNetworkPlan> {
  return Promise.resolve({
    ...planNetwork(backend, forwards, { path: passtPath }, readHostNetwork()),
    forwards,
  });
}

/** @param marker is in QEMU's argv and in the name of its directory, to find both again. */
export async function bootMachine(
  backend: NetworkBackend,
  ports: readonly PortInput[] | readonly BoundForward[],
  scope: Scope,
  { marker = 'passt-test', passtPath }: { marker?: string; passtPath?: string } = {},
): Promise<Machine> {
  const { path: directory, remove } = makeTemporaryDirectory(undefined, `vmlet-passt-${marker}-`);
  scope.defer(remove);
  const forwards = isBound(ports) ? ports : await chooseHostPorts(parsePortForwards(ports));
  const plan = await planFor(backend, forwards, passtPath);
  const socketPath = join(directory, 'network');
  const { chardev, netdev, device } = qemuNetwork(plan, { socketPath, descriptor: 4 });
  const network = await startNetwork(plan, socketPath, { environment }, scope);
  const qemu = supervise(
    [
      requireProgram('qemu-system-x86_64'),
      ...['-nodefaults', '-no-user-config', '-display', 'none', '-S', '-name', `guest=${marker}`],
      ...['-M', 'q35,memory-backend=memory'],
      ...['-object', 'memory-backend-memfd,id=memory,size=64M,share=on'],
      ...['-chardev', 'socket,id=monitor,fd=3', '-mon', 'chardev=monitor,mode=control'],
      ...(chardev ? ['-chardev', `socket,id=${chardev.options['id'] ?? ''},path=${socketPath}`] : []),
      ...['-netdev', JSON.stringify(netdev), '-device', JSON.stringify(device)],
    ],
    { environment, descriptors: ['pipe', ...(network.descriptor ? [network.descriptor] : [])] },
    scope,
  );
  const monitor = qemu.connections.get(3)!;
  const replied = new Promise<void>((resolve) => {
    let text = '';
    monitor.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('"return"')) resolve();
    });
  });
  // QEMU’s end of the monitor may be reset when QEMU is killed.
  monitor.on('error', () => undefined);
  monitor.write('{"execute":"qmp_capabilities"}');
  return { qemu, network, forwards, socketPath, replied, send: (command) => void monitor.write(command) };
}

function isBound(ports: readonly PortInput[] | readonly BoundForward[]): ports is readonly BoundForward[] {
  return ports.length > 0 && ports.every((port) => typeof port === 'object' && 'ephemeral' in port);
}

/** True when something accepts TCP connections there. */
export async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    if (isSystemError(error, 'ECONNREFUSED', 'ECONNRESET')) return false;
    throw error;
  } finally {
    socket.destroy();
  }
}

/** Live processes whose command line contains `text`. */
export function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        // A zombie has no command line.
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
      } catch (error) {
        if (isSystemError(error, 'ENOENT', 'ESRCH')) return false;
        throw error;
      }
    })
    .map(Number);
}
