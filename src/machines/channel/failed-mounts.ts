import { GuestMountError } from '../../errors/index.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { readStatus, statusOf } from '../record/machine-status.ts';
import type { FailedMount } from '../record/run-record.ts';
import { attachAgent } from './attach-agent.ts';

/**
 * Call it with an answer of the agent: the keeper tries failed mounts once more before it.
 * @throws GuestMountError for a directory, volume or tmpfs that the guest lacks. Its commands would write elsewhere.
 */
export function requireMounts(definition: Definition): void {
  const { name } = definition.spec;
  const failed = failedMountOf(definition);
  if (!failed) return;
  const { target, errno, problem, hint } = failed;
  const ways = `to look into the guest, run: vmlet ssh ${name}; to use the guest without ${target}, run: vmlet share rm ${name} ${quoteForShell(target)}`;
  throw new GuestMountError(target, errno, problem, { hint: hint === undefined ? ways : `${hint}; ${ways}` });
}

/**
 * Returns a directory, volume or tmpfs that the guest could not mount when its agent last answered; undefined for none, and
 * when the machine does not run.
 * @param isNeeded whether a path in the guest is needed; by default each is.
 */
export function failedMountOf(
  definition: Definition,
  isNeeded: (target: string) => boolean = () => true,
): FailedMount | undefined {
  const status = statusOf(definition);
  return status.kind === 'running' ? status.failedMounts.find(({ target }) => isNeeded(target)) : undefined;
}

/** Updates the record of failed mounts: the keeper tries them again before it answers. */
export async function updateFailedMounts(definition: Definition, limits: Limits): Promise<void> {
  const status = readStatus(definition.files);
  if (status.kind !== 'running' || status.failedMounts.length === 0) return;
  // Without an answer, the record is that of the last one; the change itself is complete.
  const agent = await attachAgent(definition, limits).catch(() => undefined);
  await agent?.close();
}
