import type { Logger } from 'pino';
import type { ExitStatus } from '../../errors/index.ts';
import type { Host } from '../../host/survey/host.ts';
import { type RunningNetwork, startNetwork } from '../../passt/running-network.ts';
import { hasNamedOwner } from '../share/guest-owner.ts';
import { type RunningShare, startShare } from '../share/running-share.ts';
import { type SupervisedProcess, supervise } from '../../process/supervise.ts';
import type { Scope } from '../../util/scope.ts';
import { qemuArguments } from '../qemu/argv.ts';
import { qemuConfinement } from '../qemu/qemu-confinement.ts';
import type { Plan } from '../plan/plan.ts';

/** The host program that carried the guest's packets has exited while the machine is running. */
export interface NetworkLoss {
  readonly program: 'passt';
  readonly status: ExitStatus;
  /** Its last lines, oldest first. */
  readonly lastWords: readonly string[];
}

export interface StartedProcesses {
  readonly qemu: SupervisedProcess;
  readonly network: RunningNetwork | undefined;
  /** In the order of the plan's, except those that must wait for an answer of the guest. */
  readonly shares: readonly RunningShare[];
}

/** The programs do not need the launcher's environment, and some of it may be secret. */
const environment = {};

/** Starts QEMU and its helpers, confined; passt confines itself. The scope owns each. */
export async function startProcesses(
  plan: Plan,
  host: Host,
  scope: Scope,
  log: Logger | undefined,
): Promise<StartedProcesses> {
  const network =
    plan.network && (await startNetwork(plan.network, plan.directory.networkSocket, { environment }, scope));
  const shares: RunningShare[] = [];
  for (const share of plan.shares) {
    if (!hasNamedOwner(share)) shares.push(await startShare(share, scope));
  }
  const argv = qemuCommand(plan);
  const qemu = supervise(
    argv,
    {
      environment,
      cwd: '/',
      descriptors: [
        ...(['pipe', 'pipe', 'pipe'] as const),
        ...(network?.descriptor ? [network.descriptor] : []),
      ],
      confinement: qemuConfinement(plan, host),
      cgroup: plan.cgroup,
    },
    scope,
  );
  log?.debug({ pid: qemu.pid, argv }, 'started QEMU');
  return { qemu, network, shares };
}

export function qemuCommand(plan: Plan): [string, ...string[]] {
  return [plan.qemu, ...qemuArguments(plan)];
}
