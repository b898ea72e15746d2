import { BrokenMachineError } from '../../errors/index.ts';
import type { Host } from '../../host/survey/host.ts';
import { planNetworkHere } from '../../network/probe/host-network.ts';
import { chooseHostPorts } from '../../network/ports/host-port.ts';
import type { BoundNetworkPlan } from '../../network/plan/network.ts';
import { pairForwards } from '../../network/ports/pair-forwards.ts';
import type { BoundForward } from '../../network/ports/port.ts';
import { forwardsOf } from '../spec/forwards.ts';
import type { MachineFiles } from '../record/machine-files.ts';
import { findPlan } from '../record/machine-plan-file.ts';
import type { MachineSpec } from '../spec/machine-spec.ts';

/**
 * Plans the machine's network and chooses every host port.
 * @param earlier the forwards of the last run: automatically chosen ports are tried again first.
 * @throws PortTakenError, InvalidInputError, PermissionError
 */
export async function planMachineNetwork(
  spec: MachineSpec,
  host: Host,
  earlier: readonly BoundForward[],
  signal: AbortSignal | undefined,
): Promise<BoundNetworkPlan | undefined> {
  if (spec.net === 'none' || spec.net === 'bridge') return undefined;
  // Not over vhost-user: snapshots with memory and saved states contain a virtio card that QEMU itself serves.
  const plan = planNetworkHere(spec.net, forwardsOf(spec), host.passt, false);
  const ports = pairForwards(plan.forwards, earlier).map((forward) => forward?.hostPort);
  return { ...plan, forwards: await chooseHostPorts(plan.forwards, signal, ports) };
}

/** Returns the forwards of the last start's plan; none when it is missing or unreadable. */
export function readEarlierForwards(
  files: Pick<MachineFiles, 'directory' | 'plan'>,
): readonly BoundForward[] {
  try {
    return findPlan(files)?.network?.forwards ?? [];
  } catch (error) {
    // The next start writes a new plan.
    if (error instanceof BrokenMachineError) return [];
    throw error;
  }
}
