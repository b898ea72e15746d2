import type { ExitStatus } from '../../errors/index.ts';
import { supervise } from '../../process/supervise.ts';
import { removeFile } from '../../util/files/removal.ts';
import type { Scope } from '../../util/scope.ts';
import { virtiofsdCommand, virtiofsdConfinement } from './confined-virtiofsd.ts';
import { listenForProgram } from './listening-socket.ts';
import type { SharePlan } from './share-plan.ts';

const LAST_WORDS = 20;

/** The end of a virtiofsd while its guest was running. The guest's processes then hang in that directory. */
export interface ShareLoss {
  readonly program: 'virtiofsd';
  /** The directory's path in the guest. */
  readonly target: string;
  readonly status: ExitStatus;
  /** Its last lines, oldest first. */
  readonly lastWords: readonly string[];
}

/** The host's side of one share. */
export interface RunningShare {
  readonly plan: SharePlan;
  readonly pid: number;
  /** Resolves when virtiofsd has exited, for any reason; after QEMU's own end this is expected. */
  readonly exited: Promise<ExitStatus>;
  /** Resolves when all its output has arrived, after its exit. */
  readonly loss: Promise<ShareLoss>;
  /** Removes the socket's path. Call it once QEMU has connected. */
  readonly close: () => void;
}

/**
 * Starts virtiofsd for a share, as a listener: QEMU may connect before it is up. It exits when QEMU closes its
 * connection, and is killed with its launcher.
 */
export async function startShare(plan: SharePlan, scope: Scope): Promise<RunningShare> {
  const close = (): void => removeFile(plan.socketPath);
  const socket = await listenForProgram(plan.socketPath);
  scope.defer(close);
  try {
    const process = supervise(
      virtiofsdCommand(plan),
      {
        environment: {},
        cwd: '/',
        descriptors: [socket.descriptor],
        // Node's sockets do not block: virtiofsd would ask for a connection again and again until QEMU connects.
        confinement: [...virtiofsdConfinement(plan), '--blocking-descriptors'],
      },
      scope,
    );
    const loss = process.exited.then(async (status): Promise<ShareLoss> => {
      await process.outputEnded;
      const lastWords = process.output.last(LAST_WORDS);
      return { program: 'virtiofsd', target: plan.target, status, lastWords };
    });
    return { plan, pid: process.pid, exited: process.exited, loss, close };
  } finally {
    socket.release();
  }
}
