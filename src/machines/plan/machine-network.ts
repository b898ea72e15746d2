import { BrokenMachineError, PortTakenError } from '../../errors/index.ts';
import type { Host } from '../../host/survey/host.ts';
import { planNetworkHere } from '../../network/probe/host-network.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import type { BoundNetworkPlan, NetworkPlan } from '../../network/plan/network.ts';
import type { BoundForward, PortForward } from '../../network/ports/port.ts';
import { forwardsOf } from '../spec/forwards.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { findPlan } from '../record/machine-plan-file.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';

/**
 * The machine's network with every host port chosen.
 * @param earlier the forwards of the last run: where a port was ours to choose, the same one is tried first.
 * @throws PortTakenError, InvalidInputError, PermissionError
 */
export async function planMachineNetwork(
  spec: MachineSpec,
  host: Host,
  earlier: readonly BoundForward[],
  signal: AbortSignal | undefined,
): Promise<BoundNetworkPlan | undefined> {
  if (spec.net === 'none' || spec.net === 'bridge') return undefined;
  // Not over vhost-user: snapshots with memory and saved states hold a virtio card that QEMU itself serves.
  const plan = planNetworkHere(spec.net, forwardsOf(spec), host.passt, false);
  return { ...plan, forwards: await bindForwards(plan, earlier, signal) };
}

async function bindForwards(
  { forwards }: NetworkPlan,
  earlier: readonly BoundForward[],
  signal: AbortSignal | undefined,
): Promise<BoundForward[]> {
  const again = forwards.map((forward) => ({
    ...forward,
    hostPort: forward.hostPort ?? earlierPort(forward, earlier),
  }));
  try {
    const bound = await chooseHostPorts(again, signal);
    return bound.map((forward, index) => ({
      ...forward,
      ephemeral: forwards[index]?.hostPort === undefined,
    }));
  } catch (error) {
    if (!(error instanceof PortTakenError)) throw error;
    return chooseHostPorts(forwards, signal);
  }
}

function earlierPort(wanted: PortForward, earlier: readonly BoundForward[]): number | undefined {
  return earlier.find(
    (forward) =>
      forward.guestPort === wanted.guestPort &&
      forward.protocol === wanted.protocol &&
      forward.hostAddress === wanted.hostAddress,
  )?.hostPort;
}

/** The forwards in the plan that an earlier start wrote; none where there is none that can be read. */
export function readEarlierForwards(
  files: Pick<MachineFiles, 'directory' | 'plan'>,
): readonly BoundForward[] {
  try {
    return findPlan(files)?.network?.forwards ?? [];
  } catch (error) {
    // The next start writes it anew.
    if (error instanceof BrokenMachineError) return [];
    throw error;
  }
}
