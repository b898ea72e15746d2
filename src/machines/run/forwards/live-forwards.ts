import { InvalidInputError } from '../../../errors/index.ts';
import { type BoundNetworkPlan, planNetwork } from '../../../network/plan/network.ts';
import { type BoundForward, withoutForwards } from '../../../network/ports/port.ts';
import { readHostNetwork } from '../../../network/probe/host-network.ts';
import { addSlirpForward, removeSlirpForward } from '../../../network/slirp/slirp-live.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import { withMonitor } from '../../channel/monitor.ts';
import type { Definition } from '../../record/definition.ts';
import type { MachineFiles } from '../../record/machine-files.ts';
import { findPlan, readPlan, replacePlan } from '../../record/machine-plan-file.ts';
import { changePasst } from './live-passt.ts';

/**
 * Replaces the forwards of a running machine's network.
 * @throws InvalidInputError, PortTakenError, TimedOutError; the earlier forwards are restored then.
 */
export async function replaceForwards(
  definition: Definition,
  forwards: readonly BoundForward[],
  limits: Limits,
): Promise<void> {
  const { files } = definition;
  const plan = readPlan(files);
  const { network } = plan;
  if (!network) {
    throw new InvalidInputError(
      'ports',
      `machine "${definition.spec.name}" was started with --net none or bridge, which do not support port forwards`,
      {
        hint: `restart the machine to apply its new network settings, then try again: vmlet restart ${definition.spec.name}`,
      },
    );
  }
  const changed = {
    ...network,
    ...planNetwork(network.backend, forwards, passtOf(network), readHostNetwork()),
    forwards,
    guest: network.guest,
  };
  const added = withoutForwards(forwards, network.forwards);
  // First the plan: it always includes every listening port, so that an interrupted change can be undone.
  replacePlan(files, { ...plan, network: { ...network, forwards: [...network.forwards, ...added] } });
  try {
    await (network.backend === 'slirp'
      ? changeSlirp(definition, withoutForwards(network.forwards, forwards), added, limits)
      : changePasst(definition, network, changed, limits));
  } catch (error) {
    replacePlan(files, plan);
    throw error;
  }
  replacePlan(files, { ...plan, network: changed });
}

/** Makes the next start of a stopped machine choose new host ports for these forwards. */
export function forgetForwards(files: MachineFiles, gone: readonly (BoundForward | undefined)[]): void {
  const forgotten = gone.filter((forward) => forward !== undefined);
  if (forgotten.length === 0) return;
  const plan = findPlan(files);
  if (!plan) return;
  const { network, relay } = plan;
  replacePlan(files, {
    ...plan,
    network: network && { ...network, forwards: withoutForwards(network.forwards, forgotten) },
    relay: relay && { ...relay, ports: withoutForwards(relay.ports, forgotten) },
  });
}

function passtOf({ passtPath }: BoundNetworkPlan) {
  return passtPath === undefined ? undefined : { path: passtPath };
}

async function changeSlirp(
  definition: Definition,
  gone: readonly BoundForward[],
  added: readonly BoundForward[],
  limits: Limits,
): Promise<void> {
  await withMonitor(
    definition,
    async (qmp) => {
      const done: BoundForward[] = [];
      try {
        for (const forward of added) {
          await addSlirpForward(qmp, forward);
          done.push(forward);
        }
      } catch (error) {
        for (const forward of done) await removeSlirpForward(qmp, forward);
        throw error;
      }
      for (const forward of gone) await removeSlirpForward(qmp, forward);
    },
    limits,
  );
}
