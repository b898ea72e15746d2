import { TimedOutError } from '../errors.ts';
import type { BoundNetworkPlan } from '../passt/network.ts';
import { waitingOn } from '../passt/socket-table.ts';
import { explainPasstFailure } from '../passt/start-failure.ts';
import type { Limits } from '../util/deadline.ts';
import type { MachineFiles } from './machine-files.ts';
import { lastLines } from './machine-status.ts';
import { pause } from '../util/pause.ts';

const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 2;

/**
 * Waits until the host's ports lead to the guest. passt tells nobody when it listens; the kernel's table of sockets
 * does.
 * @throws PortTakenError, PermissionError, InvalidInputError, NetworkStartError, TimedOutError, or the signal's reason.
 */
export async function awaitForwards(
  { passtPath, forwards }: BoundNetworkPlan,
  files: Pick<MachineFiles, 'passtLog'>,
  { signal, timeoutMs = PATIENCE_MS }: Limits,
): Promise<void> {
  // slirp listens before QEMU answers.
  if (passtPath === undefined) return;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const missing = forwards.filter((forward) => !isListening(forward));
    if (missing.length === 0) return;
    const output = lastLines(files.passtLog, 20);
    if (output.some((line) => line.startsWith('Failed to bind'))) {
      await explainPasstFailure(output, { exitCode: 1, signal: undefined }, forwards);
    }
    if (performance.now() > deadline) {
      throw new TimedOutError('waiting for passt to listen', timeoutMs, { hint: output.at(-1) });
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

function isListening({ hostAddress, hostPort, protocol }: BoundNetworkPlan['forwards'][number]): boolean {
  return waitingOn(hostAddress, hostPort, protocol).length > 0;
}
