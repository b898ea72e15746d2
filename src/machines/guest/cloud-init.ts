import { cloudInitFailure } from '../../guest/cloud-init/cloud-init-failure.ts';
import { probeCloudInit } from '../../guest/cloud-init/cloud-init-probe.ts';
import { type CloudInitStatus, describeCloudInitProgress } from '../../guest/cloud-init/cloud-init-status.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { findGuestChannel } from '../channel/guest-channel.ts';

type Look = { readonly done: true } | { readonly done: false; readonly seen: string };

const LEAST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 5000;

/**
 * Returns how long to wait after a check, in milliseconds. A check takes long in a slow guest, whose boot it delays:
 * the guest is to spend most of its time on that. A check that waits for an agent takes long too: hence the upper limit.
 */
export function pauseAfterLook(tookMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, 4 * tookMs));
}

/**
 * Checks cloud-init in the guest once. Releases the agent at once, since QEMU's serves one client at a time.
 * @throws CloudInitError when it failed, is missing or does not run, and what connecting to the agent throws.
 */
export async function lookAtCloudInit(
  definition: Definition,
  limits: Limits & { readonly timeoutMs: number },
): Promise<Look> {
  const status = await readCloudInit(definition, limits);
  if (!status) return { done: false, seen: 'no agent is running in the guest' };
  const failure = cloudInitFailure(status, `machine "${definition.spec.name}"`);
  if (failure) throw failure;
  if (status.state === 'done') return { done: true };
  return { done: false, seen: describeCloudInitProgress(status) };
}

/** Returns undefined while no agent is up. */
async function readCloudInit(
  definition: Definition,
  limits: Limits & { readonly timeoutMs: number },
): Promise<CloudInitStatus | undefined> {
  const channel = await findGuestChannel(definition, limits);
  if (!channel) return undefined;
  await using open = channel;
  return await probeCloudInit(open, { signal: limits.signal });
}
