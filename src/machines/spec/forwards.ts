import type { BoundForward, PortForward } from '../../network/ports/port.ts';
import type { MachineSpec, StoredForward } from './machine-spec.ts';

const SSH_PORT = 22;
const LOOPBACK = '127.0.0.1';

/** What the user asked for, and a way in for ssh where that is not among it. */
export function forwardsOf(spec: Pick<MachineSpec, 'ports'>): PortForward[] {
  const forwards = spec.ports.map(readForward);
  const hasSsh = forwards.some(({ guestPort, protocol }) => guestPort === SSH_PORT && protocol === 'tcp');
  const ssh = { protocol: 'tcp', hostAddress: LOOPBACK, hostPort: undefined, guestPort: SSH_PORT } as const;
  return hasSsh ? forwards : [...forwards, ssh];
}

export function readForward({ protocol, hostAddress, hostPort, guestPort }: StoredForward): PortForward {
  return { protocol, hostAddress, hostPort, guestPort };
}

/** As a spec keeps it, and as it can be asked for again. */
export function storedForward({ protocol, hostAddress, hostPort, guestPort }: PortForward): StoredForward {
  return { protocol, hostAddress, guestPort, ...(hostPort !== undefined && { hostPort }) };
}

/** Where ssh connects to on the host. */
export function sshEndpoint(
  forwards: readonly BoundForward[],
): { readonly address: string; readonly port: number } | undefined {
  const forward = forwards.find(({ guestPort, protocol }) => guestPort === SSH_PORT && protocol === 'tcp');
  if (!forward) return undefined;
  const everywhere = { '0.0.0.0': LOOPBACK, '::': '::1' }[forward.hostAddress];
  return { address: everywhere ?? forward.hostAddress, port: forward.hostPort };
}

/** What `vmlet port ls` shows of a machine that does not run. */
export function plannedPorts(spec: MachineSpec): PortForward[] {
  return spec.net === 'none' || spec.net === 'bridge' ? [] : forwardsOf(spec);
}
