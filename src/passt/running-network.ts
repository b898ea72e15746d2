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
   * QEMU inherits it as the `descriptor` of the wiring; undefined for vhost-user and slirp. The launcher's
   * copy stays open until passt has exited: passt of 2025 crashes on a frame that it cannot send
   * (tcp_revert_seq in its tcp_buf.c treats every frame as one with data), as it would once QEMU has ended.
   * The scope ends passt first.
   */
  readonly descriptor: Socket | undefined;
  /**
   * Resolves when every forward is listening; rejects with PortTakenError, PermissionError,
   * InvalidInputError, MissingProgramError or NetworkStartError. With vhost-user it stays pending until QEMU
   * connects, so race it with QEMU's end, and prefer this error: QEMU only reports the lost connection. slirp
   * listens before QEMU's first reply, and its failures are QEMU's (`explainSlirpFailure`).
   */
  readonly ready: Promise<void>;
  /**
   * Resolves when passt has exited, for any reason; after QEMU's own end this is expected. Never with slirp.
   */
  readonly exited: Promise<ExitStatus>;
  /** passt's process ID once it is started. */
  readonly pid: number | undefined;
  /** The last lines of passt's output. */
  lastLines(count: number): string[];
}

/**
 * @param socketPath socket that QEMU connects to with vhost-user, and that is used to create a socket pair
 * otherwise; it must not exist, its directory must be accessible to this user only, and it is removed once
 * QEMU and passt are connected.
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
  // Awaited by the launch, but possibly only after a failure.
  ready.catch(() => undefined);
  return {
    descriptor,
    ready,
    exited: started.promise.then(
      async (it) => it.process.exited,
      // passt was never started: `ready` has the reason.
      async () => new Promise<never>(() => undefined),
    ),
    get pid() {
      return passt?.process.pid;
    },
    lastLines: (count) => passt?.process.output.last(count) ?? [],
  };
}
