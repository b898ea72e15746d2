import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import type { BoundForward, PortForward } from '../../network/ports/port.ts';
import type { SocketForward } from '../../network/ports/socket-forward.ts';
import type { MachineSpec, StoredForward } from './machine-spec.ts';

/** The guest's. */
export const SSH_PORT = 22;
const LOOPBACK = '127.0.0.1';

/**
 * Returns the forwards of a spec, and one for ssh if it has none.
 * @param byAgent whether ssh goes by vmlet's agent: all users of the host could connect to a forward.
 */
export function forwardsOf(spec: Pick<MachineSpec, 'ports'>, byAgent: boolean): PortForward[] {
  const forwards = spec.ports.map(readForward);
  if (byAgent) return forwards;
  const hasSsh = forwards.some(({ guestPort, protocol }) => guestPort === SSH_PORT && protocol === 'tcp');
  const ssh = { protocol: 'tcp', hostAddress: LOOPBACK, hostPort: undefined, guestPort: SSH_PORT } as const;
  return hasSsh ? forwards : [...forwards, ssh];
}

/** Returns the ports of the host that lead to the guest of a running machine. */
export function boundForwards({ network, relay }: Pick<NamedPlan, 'network' | 'relay'>): BoundForward[] {
  return [...(network?.forwards ?? []), ...(relay?.ports ?? [])];
}

/**
 * Returns another TCP forward that takes the same way into the guest as that to this port: only there do answers stay in
 * order. vmlet's agent may answer before the guest's network does.
 */
export function witnessForward(
  plan: Pick<NamedPlan, 'network' | 'relay'>,
  guestPort: number,
): BoundForward | undefined {
  const ways = [plan.network?.forwards ?? [], plan.relay?.ports ?? []];
  const way = ways.find((forwards) => tcpEndpoint(forwards, guestPort));
  // Without a forward, the connection goes to a bridge, which accepts it only when the guest does.
  return (way ?? boundForwards(plan)).find(
    (forward) => forward.guestPort !== guestPort && forward.protocol === 'tcp',
  );
}

/** Returns the unix sockets of the host that lead to the guest of a running machine. */
export function boundSockets({ relay }: Pick<NamedPlan, 'relay'>): readonly SocketForward[] {
  return relay?.sockets ?? [];
}

/** True when it may be the forward that `forwardsOf` adds. */
export function isSshForward({ protocol, hostAddress, guestPort, ephemeral }: BoundForward): boolean {
  return protocol === 'tcp' && hostAddress === LOOPBACK && guestPort === SSH_PORT && ephemeral;
}

export function readForward({ protocol, hostAddress, hostPort, guestPort }: StoredForward): PortForward {
  return { protocol, hostAddress, hostPort, guestPort };
}

/** Converts a forward to its form in a spec. */
export function storedForward({ protocol, hostAddress, hostPort, guestPort }: PortForward): StoredForward {
  return { protocol, hostAddress, guestPort, ...(hostPort !== undefined && { hostPort }) };
}

/** A TCP address of the host. */
export interface HostEndpoint {
  readonly address: string;
  readonly port: number;
}

/** Returns the host's endpoint for ssh. */
export function sshEndpoint(forwards: readonly BoundForward[]): HostEndpoint | undefined {
  return tcpEndpoint(forwards, SSH_PORT);
}

/** True when a forward or a bridge of a running machine leads to the guest's ssh server. */
export function leadsToSsh(plan: Pick<NamedPlan, 'network' | 'relay' | 'bridges'>): boolean {
  return plan.bridges.length > 0 || sshEndpoint(boundForwards(plan)) !== undefined;
}

/** Returns the host's endpoint for a TCP port of the guest. */
export function tcpEndpoint(forwards: readonly BoundForward[], port: number): HostEndpoint | undefined {
  const forward = forwards.find(({ guestPort, protocol }) => guestPort === port && protocol === 'tcp');
  return forward && connectableEndpoint(forward);
}

/** Returns the endpoint for a client on the host: loopback when a forward listens on all addresses. */
export function connectableEndpoint(forward: BoundForward): HostEndpoint {
  const everywhere = { '0.0.0.0': LOOPBACK, '::': '::1' }[forward.hostAddress];
  return { address: everywhere ?? forward.hostAddress, port: forward.hostPort };
}

/** A forward in a list of them. */
export type ListedForward<Forward extends PortForward = PortForward | BoundForward> = Forward & {
  /** Present if vmlet itself adds it, for ssh to a guest without its agent: it cannot be removed. */
  readonly automatic?: true;
};

/** Returns the forwards that `vmlet port ls` shows for a stopped machine. */
export function plannedPorts(spec: MachineSpec, byAgent: boolean): ListedForward<PortForward>[] {
  if (spec.net === 'none' || spec.net === 'bridge') return [];
  return forwardsOf(spec, byAgent).map((forward, index) =>
    index < spec.ports.length ? forward : { ...forward, automatic: true },
  );
}
