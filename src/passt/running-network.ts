import type { Socket } from 'node:net';
import type { ExitStatus } from '../errors/index.ts';
import { deferred } from '../util/time/deferred.ts';
import type { Scope } from '../util/scope.ts';
import type { BoundNetworkPlan } from '../network/plan/network.ts';
import { type Passt, type PasstOptions, startPasst } from './passt.ts';
import { acceptOnce, connectedPair } from './qemu-connection.ts';

/** The host's side of one guest's network, opened before its QEMU is started. */
export interface RunningNetwork {
  /**
   * QEMU inherits it, and the wiring's `descriptor` is its number; none for vhost-user and slirp. The launcher's copy
   * stays open until passt is gone: passt of 2025 crashes on a frame that it cannot send (tcp_revert_seq in its
   * tcp_buf.c takes every frame for one with data), as it would once QEMU has ended. The scope ends passt first.
   */
  readonly descriptor: Socket | undefined;
  /**
   * Settles when every forward listens; rejects with PortTakenError, PermissionError, InvalidInputError,
   * MissingProgramError or NetworkStartError. With vhost-user it stays open until QEMU connects, so race it with
   * QEMU's end, and prefer this error: QEMU only reports the lost connection. slirp listens before QEMU's first
   * reply, and its failures are QEMU's (`explainSlirpFailure`).
   */
  readonly ready: Promise<void>;
  /** Settles when passt is gone, for whatever reason; after QEMU's own end that is no news. Never with slirp. */
  readonly exited: Promise<ExitStatus>;
  /** passt's process id once it is started. */
  readonly pid: number | undefined;
  /** The last lines that passt printed. */
  lastLines(count: number): string[];
}

/**
 * @param socketPath where QEMU connects to with vhost-user, and where a pair is made otherwise; it is free, its
 *   directory is open to this user alone, and it is gone once QEMU and passt are connected.
 * @throws InvalidInputError for a path that is too long, MissingProgramError.
 */
export async function startNetwork(
  plan: BoundNetworkPlan,
  socketPath: string,
  options: PasstOptions,
  scope: Scope,
): Promise<RunningNetwork> {
  const started = deferred<Passt>();
  let passt: Passt | undefined;
  let descriptor: Socket | undefined;
  const start = (connection: Socket): void => {
    passt = startPasst(plan, connection, options, scope);
    started.resolve(passt);
  };
  if (plan.backend === 'passt-stream') {
    const [forPasst, forQemu] = await connectedPair(socketPath, scope);
    descriptor = forQemu;
    start(forPasst);
  } else if (plan.backend === 'passt-vhost-user') {
    const { accepted } = await acceptOnce(socketPath, scope);
    accepted.then(start).catch(started.reject);
  }
  const ready = plan.backend === 'slirp' ? Promise.resolve() : started.promise.then(async (it) => it.ready);
  // Awaited by the launch, but perhaps not before it fails.
  ready.catch(() => undefined);
  return {
    descriptor,
    ready,
    exited: started.promise.then(
      async (it) => it.process.exited,
      // Never started: `ready` has said why.
      async () => new Promise<never>(() => undefined),
    ),
    get pid() {
      return passt?.process.pid;
    },
    lastLines: (count) => passt?.process.output.last(count) ?? [],
  };
}
