import { BrokenMachineError, MachineStateError, NetworkNotFoundError } from '../../errors/index.ts';
import type { PrivateCardPlan } from '../../machine/plan/named-plan.ts';
import type { Host } from '../../host/survey/host.ts';
import { cardPort } from '../../machine/qemu/root-port.ts';
import { readHostNetwork } from '../../network/probe/host-network.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import {
  type BoundNetworkPlan,
  type PasstControl,
  chooseBackend,
  planNetwork,
} from '../../network/plan/network.ts';
import { LONGEST_SOCKET_PATH } from '../../util/system/platform.ts';
import { addressesOf, isForMembers } from '../../network/private/addresses.ts';
import { formatMembership } from '../../network/private/membership.ts';
import { cardOf } from '../../network/private/cards.ts';
import { cardSocket } from '../../machine/paths/directory.ts';
import type { NetworkRecord } from '../../network/private/network-record.ts';
import { networkFiles, readNetwork } from '../../network/private/network-shelf.ts';
import { addressNumber, hardwareAddressOf } from '../../network/ethernet/subnet.ts';
import { networkLayers } from '../../network/switch/plug-argv.ts';
import { pairForwards } from '../../network/ports/pair-forwards.ts';
import type { BoundForward } from '../../network/ports/port.ts';
import { boundForwards, forwardsOf } from '../spec/forwards.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import type { Definition } from '../record/definition.ts';
import { findForwards } from '../record/machine-plan-file.ts';
import { isEnteredByAgent } from '../record/ssh-record.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';

/** Snapshots with memory and saved states contain a virtio card that QEMU itself serves. */
const OVER_VHOST_USER = false;
/** A running machine can get forwards for TCP, but keeps its backend. */
const LATER_FORWARDS = [{ protocol: 'tcp' }] as const;

/**
 * Plans the machine's network and chooses every host port.
 * @param earlier the forwards of the last run: automatically chosen ports are tried again first.
 * @throws PortTakenError, InvalidInputError, PermissionError
 */
export async function planMachineNetwork(
  { spec, files }: Definition,
  host: Host,
  earlier: readonly BoundForward[],
  signal: AbortSignal | undefined,
): Promise<BoundNetworkPlan | undefined> {
  if (spec.net === 'none' || spec.net === 'bridge') return undefined;
  const backend = chooseBackend(spec.net, host.passt, OVER_VHOST_USER, LATER_FORWARDS);
  const forwards = forwardsOf(spec, isEnteredByAgent({ spec, files }));
  const plan = planNetwork(backend, forwards, host.passt, readHostNetwork());
  const ports = pairForwards(plan.forwards, earlier).map((forward) => forward?.hostPort);
  const control = plan.backend === 'slirp' ? undefined : controlOf(files, host);
  return {
    ...plan,
    ...(control && { control }),
    forwards: await chooseHostPorts(plan.forwards, signal, ports),
    addsSsh: forwards.length > spec.ports.length,
  };
}

function controlOf(
  { passtSocket }: Pick<MachineFiles, 'passtSocket'>,
  { passt }: Host,
): PasstControl | undefined {
  // In the data directory, whose path may be too long for a socket.
  if (passt?.pesto === undefined || Buffer.byteLength(passtSocket) > LONGEST_SOCKET_PATH) return undefined;
  return { pesto: passt.pesto, socketPath: passtSocket };
}

/**
 * Plans the machine's cards in private networks.
 * @throws MachineStateError for a network that was removed, or created again with another subnet.
 */
export function planPrivateCards(spec: MachineSpec, files: MachineFiles, host: Host): PrivateCardPlan[] {
  const { name, networks = [] } = spec;
  return networks.map((membership, place) => {
    const card = cardOf(membership, place);
    const { network, address, mac } = membership;
    const record = findNetwork(spec, network, files);
    if (!isForMembers(record, address)) {
      throw new MachineStateError(
        name,
        'stopped',
        `cannot use its address ${address} in network "${network}", whose subnet is now ${record.subnet}`,
        { hint: `give the machine another address: vmlet set ${name} ${networkFlags(networks)}` },
      );
    }
    return {
      network,
      card,
      bus: cardPort(card),
      mac,
      mtu: membership.mtu ?? record.mtu,
      addresses: addressesOf(record, membership),
      socketPath: cardSocket(files, card),
      switchDirectory: networkFiles(files.networks, network).switch,
      ...networkLayers(host.confinement),
    };
  });
}

function findNetwork(
  { name: machine }: MachineSpec,
  network: string,
  { networks }: MachineFiles,
): NetworkRecord {
  try {
    return readNetwork(networks, network);
  } catch (error) {
    if (!(error instanceof NetworkNotFoundError)) throw error;
    throw new MachineStateError(machine, 'stopped', `is in network "${network}", which was removed`, {
      hint: `create the network again: vmlet network create ${network}; or disconnect the machine: vmlet network disconnect ${network} ${machine}`,
      cause: error,
    });
  }
}

/** The machine’s memberships with all their options, but with new addresses: `set` replaces the whole list. */
function networkFlags(networks: NonNullable<MachineSpec['networks']>): string {
  return networks
    .map(({ address, mac, ...others }) => {
      const isChosen = mac === hardwareAddressOf(addressNumber(address));
      return `--network ${formatMembership(isChosen ? others : { ...others, mac })}`;
    })
    .join(' ');
}

/** Returns the forwards of the last start's plan; none when it is missing or unreadable. */
export function readEarlierForwards(
  files: Pick<MachineFiles, 'directory' | 'plan'>,
): readonly BoundForward[] {
  try {
    const forwards = findForwards(files);
    return forwards ? boundForwards(forwards) : [];
  } catch (error) {
    // The next start writes a new plan.
    if (error instanceof BrokenMachineError) return [];
    throw error;
  }
}
