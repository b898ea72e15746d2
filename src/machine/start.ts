import type { Logger } from 'pino';
import type { ExitStatus } from '../errors.ts';
import { confineQemu } from '../host/confinement.ts';
import type { Host } from '../host/host.ts';
import { type RunningNetwork, startNetwork } from '../passt/running-network.ts';
import { confine, type findOnDisk } from '../process/confine.ts';
import { type SupervisedProcess, supervise } from '../process/supervise.ts';
import type { Scope } from '../util/scope.ts';
import { qemuArguments } from './argv.ts';
import type { Plan } from './plan.ts';

/** The host program that carried the guest's packets is gone while the machine lives. */
export interface NetworkLoss {
  readonly program: 'passt';
  readonly status: ExitStatus;
  /** Its last lines, oldest first. */
  readonly lastWords: readonly string[];
}

export interface StartedProcesses {
  readonly qemu: SupervisedProcess;
  readonly network: RunningNetwork | undefined;
}

/** Nothing of the launcher's environment is any business of theirs, and some of it is secret. */
const environment = {};

/** Starts QEMU, confined, and what it needs beside it; passt locks itself up. The scope owns each. */
export async function startProcesses(
  plan: Plan,
  host: Host,
  scope: Scope,
  log: Logger | undefined,
): Promise<StartedProcesses> {
  const network =
    plan.network && (await startNetwork(plan.network, plan.directory.networkSocket, { environment }, scope));
  const argv = qemuCommand(plan);
  const qemu = supervise(
    argv,
    {
      environment,
      cwd: '/',
      descriptors: [
        ...(['pipe', 'pipe', 'pipe'] as const),
        ...(network?.descriptor ? [network.descriptor] : []),
        ...plan.cards.map(() => 'pipe' as const),
      ],
      setprivFlags: qemuConfinementFlags(plan, host),
    },
    scope,
  );
  network?.qemuSpawned();
  log?.debug({ pid: qemu.pid, argv }, 'started QEMU');
  return { qemu, network };
}

/** A user's own file that the machine was given to write into. */
function writtenElsewhere({ disks, directory }: Plan): string[] {
  return disks
    .filter(({ readOnly, path }) => !readOnly && !path.startsWith(`${directory.storage}/`))
    .map(({ path }) => path);
}

export function qemuCommand(plan: Plan): [string, ...string[]] {
  return [plan.qemu, ...qemuArguments(plan)];
}

export function qemuConfinementFlags(plan: Plan, host: Host, find?: typeof findOnDisk): string[] {
  const confinement = confineQemu(host.qemu, {
    readOnly: plan.readOnlyFiles,
    readWrite: writtenElsewhere(plan),
    own: [plan.directory.sockets, plan.directory.storage],
    kvm: plan.accelerator.kind === 'kvm',
    slirp: plan.network?.backend === 'slirp',
  });
  return confine(confinement, host.setpriv, find);
}
