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
import { type PasstOptions, changeLivePasst, hasPesto, restartPasst } from './live-passt.ts';

export interface ForwardOptions extends PasstOptions {
  /** Asked before passt is restarted because nothing else changes its forwards; by default it is. */
  readonly mayRestart?: () => Promise<boolean>;
}

/**
 * Replaces the forwards of a running machine's network.
 * @returns false where that requires a restart of passt, which `mayRestart` forbids; nothing has changed then.
 * @throws InvalidInputError, PortTakenError, TimedOutError; the earlier forwards are restored then.
 */
export async function replaceForwards(
  definition: Definition,
  forwards: readonly BoundForward[],
  { mayRestart, ...options }: ForwardOptions,
): Promise<boolean> {
  const { network } = readPlan(definition.files);
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
  if (network.backend === 'slirp') {
    return replacing(definition, network, changed, async () =>
      changeSlirp(definition, network, changed, options),
    );
  }
  const isLive =
    hasPesto(network) &&
    (await replacing(definition, network, changed, async () =>
      changeLivePasst(definition, network, changed, options),
    ));
  if (isLive) return true;
  if (mayRestart && !(await mayRestart())) return false;
  return replacing(definition, network, changed, async () =>
    restartPasst(definition, network, changed, options),
  );
}

/**
 * Changes the forwards and the plan. First the plan: it always includes every listening port, so that an interrupted change
 * can be undone.
 * @param work returns false if it changes nothing.
 */
async function replacing(
  { files }: Definition,
  before: BoundNetworkPlan,
  after: BoundNetworkPlan,
  work: () => Promise<boolean>,
): Promise<boolean> {
  const plan = readPlan(files);
  const forwards = [...before.forwards, ...withoutForwards(after.forwards, before.forwards)];
  replacePlan(files, { ...plan, network: { ...before, forwards } });
  let isDone = false;
  try {
    isDone = await work();
    return isDone;
  } finally {
    replacePlan(files, isDone ? { ...plan, network: after } : plan);
  }
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
  before: BoundNetworkPlan,
  after: BoundNetworkPlan,
  limits: Limits,
): Promise<true> {
  const added = withoutForwards(after.forwards, before.forwards);
  const gone = withoutForwards(before.forwards, after.forwards);
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
  return true;
}
