import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { ExitStatus } from '../errors.ts';
import { confineQemu } from '../host/confinement.ts';
import type { Host } from '../host/host.ts';
import { startPasst } from '../passt/passt.ts';
import { acceptOnce, connectedPair } from '../passt/qemu-connection.ts';
import { confine } from '../process/confine.ts';
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
  /** Settles when the forwards listen; rejects with what kept them from it. */
  readonly networkReady: Promise<void>;
  /** Settles when the network's program ends; never rejects, and for a network without a program never settles. */
  readonly networkEnded: Promise<NetworkLoss>;
}

/** Nothing of the launcher's environment is any business of theirs, and some of it is secret. */
const helperEnvironment = {};

/** Starts QEMU and what it needs beside it, each confined and owned by the scope. */
export async function startProcesses(
  plan: Plan,
  host: Host,
  scope: Scope,
  log: Logger,
): Promise<StartedProcesses> {
  if (plan.network?.backend === 'passt-vhost-user') {
    const { accepted } = await acceptOnce(plan.directory.networkSocket, scope);
    const qemu = startQemu(plan, host, undefined, scope, log);
    return withPasst(plan, qemu, accepted, scope, log);
  }
  if (plan.network?.backend === 'passt-stream') {
    const [forQemu, forPasst] = await connectedPair(plan.directory.networkSocket, scope);
    const qemu = startQemu(plan, host, forQemu, scope, log);
    forQemu.destroy();
    return withPasst(plan, qemu, Promise.resolve(forPasst), scope, log);
  }
  return {
    qemu: startQemu(plan, host, undefined, scope, log),
    networkReady: Promise.resolve(),
    networkEnded: new Promise(() => undefined),
  };
}

export function qemuCommand(plan: Plan): [string, ...string[]] {
  return [plan.qemu, ...qemuArguments(plan)];
}

export function qemuConfinementFlags(plan: Plan, host: Host): string[] {
  const confinement = confineQemu(host.qemu, {
    readOnly: plan.readOnlyFiles,
    readWrite: [],
    own: [plan.directory.sockets, plan.directory.storage],
    kvm: plan.accelerator.kind === 'kvm',
    slirp: plan.network?.backend === 'slirp',
  });
  return confine(confinement, host.setpriv);
}

function startQemu(
  plan: Plan,
  host: Host,
  network: Socket | undefined,
  scope: Scope,
  log: Logger,
): SupervisedProcess {
  const argv = qemuCommand(plan);
  const qemu = supervise(
    argv,
    {
      environment: helperEnvironment,
      descriptors: ['pipe', 'pipe', 'pipe', ...(network ? [network] : [])],
      setprivFlags: qemuConfinementFlags(plan, host),
    },
    scope,
  );
  log.debug({ pid: qemu.pid, argv }, 'started QEMU');
  return qemu;
}

function withPasst(
  plan: Plan,
  qemu: SupervisedProcess,
  connection: Promise<Socket>,
  scope: Scope,
  log: Logger,
): StartedProcesses {
  if (!plan.network) throw new TypeError('passt without a network');
  const { network } = plan;
  const started = connection.then((socket) => {
    const passt = startPasst(network, socket, { environment: helperEnvironment }, scope);
    log.debug({ pid: passt.process.pid, argv: passt.process.argv }, 'started passt');
    return passt;
  });
  return {
    qemu,
    networkReady: started.then(async (passt) => passt.ready),
    networkEnded: started.then(
      async ({ process }) => ({
        program: 'passt',
        status: await process.exited,
        lastWords: process.output.last(20),
      }),
      // networkReady rejects with the reason; a network that never was cannot be lost.
      async () => new Promise<never>(() => undefined),
    ),
  };
}
