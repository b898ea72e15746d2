import { readFileSync, statSync } from 'node:fs';
import { TimedOutError } from '../../../errors/index.ts';
import type { BoundNetworkPlan } from '../../../network/plan/network.ts';
import { allListen, refuseSharedUdp } from '../../../passt/listening.ts';
import { explainPasstFailure, isRefusedForward } from '../../../passt/start-failure.ts';
import type { Limits } from '../../../util/time/deadline.ts';
import type { MachineFiles } from '../../record/machine-files.ts';
import { withoutSyslogComplaints } from '../../../process/output/passt-output.ts';
import { pause } from '../../../util/time/pause.ts';
import { unlessMissing } from '../../../util/files/unless-missing.ts';

const PATIENCE_MS = 20_000;
/** passt needs milliseconds; later checks are less frequent. */
const FIRST_LOOKS_MS = 2;
const LATER_LOOKS_MS = 50;

/**
 * Waits until the host's ports lead to the guest.
 * @param heardBytes length of passt's log before this start; earlier output belongs to another passt.
 * @throws PortTakenError, PermissionError, InvalidInputError, NetworkStartError, TimedOutError, or the signal's reason.
 */
export async function awaitForwards(
  { passtPath, forwards }: BoundNetworkPlan,
  files: Pick<MachineFiles, 'passtLog'>,
  { signal, timeoutMs = PATIENCE_MS }: Limits,
  heardBytes = 0,
): Promise<void> {
  // slirp listens before QEMU answers.
  if (passtPath === undefined) return;
  const deadline = performance.now() + timeoutMs;
  for (let pauseMs = FIRST_LOOKS_MS; ; pauseMs = Math.min(LATER_LOOKS_MS, pauseMs * 1.5)) {
    signal?.throwIfAborted();
    const output = saidSince(files, heardBytes);
    // A port taken by another process is listened on as well.
    if (output.some(isRefusedForward)) {
      await explainPasstFailure(output, { exitCode: 1, signal: undefined }, forwards);
    }
    if (allListen(forwards)) return;
    if (performance.now() > deadline) {
      throw new TimedOutError('waiting for passt to listen on the forwarded ports', timeoutMs, {
        hint: 'try again when the host is less busy, or use slirp instead of passt: run vmlet set with --net slirp, then start the machine again',
        lines: output.slice(-1),
      });
    }
    await pause(pauseMs, signal);
  }
}

/**
 * Like `awaitForwards`, for the start of a machine; of two that start at once, a UDP port belongs to neither.
 * @throws as `awaitForwards` does.
 */
export async function awaitFirstForwards(
  network: BoundNetworkPlan,
  files: Pick<MachineFiles, 'passtLog'>,
  limits: Limits,
): Promise<void> {
  await awaitForwards(network, files, limits);
  if (network.passtPath !== undefined) refuseSharedUdp(network.forwards);
}

/** Returns the present length of passt's log. */
export function logLength({ passtLog }: Pick<MachineFiles, 'passtLog'>): number {
  return statSync(passtLog, { throwIfNoEntry: false })?.size ?? 0;
}

function saidSince({ passtLog }: Pick<MachineFiles, 'passtLog'>, heardBytes: number): string[] {
  const log = unlessMissing(() => readFileSync(passtLog));
  if (log === undefined) return [];
  // A shorter log was started again.
  const text = log.subarray(log.length < heardBytes ? 0 : heardBytes).toString('utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return withoutSyslogComplaints(lines).slice(-20);
}
