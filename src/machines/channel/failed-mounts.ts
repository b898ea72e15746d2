import { GuestMountError } from '../../errors/index.ts';
import { quoteForShell } from '../../machine/qemu/quote.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { readStatus, statusOf } from '../record/machine-status.ts';
import { attachAgent } from './agent.ts';

/**
 * Call it with an answer of the agent: the keeper tries failed mounts once more before it.
 * @param isNeeded whether a path in the guest is needed; by default each is.
 * @throws GuestMountError for a directory, volume or tmpfs that the guest lacks. Its commands would write elsewhere.
 */
export function requireMounts(
  definition: Definition,
  isNeeded: (target: string) => boolean = () => true,
): void {
  const { name } = definition.spec;
  const status = statusOf(definition);
  const failed =
    status.kind === 'running' ? status.failedMounts.find((mount) => isNeeded(mount.target)) : undefined;
  if (!failed) return;
  const { target, errno, problem, hint } = failed;
  const ways = `to look into the guest, run: vmlet ssh ${name}; to use it without ${target}: vmlet share rm ${name} ${quoteForShell(target)}`;
  throw new GuestMountError(target, errno, problem, { hint: hint === undefined ? ways : `${hint}; ${ways}` });
}

/** Updates the record of failed mounts: the keeper tries them again before it answers. */
export async function updateFailedMounts(definition: Definition, limits: Limits): Promise<void> {
  const status = readStatus(definition.files);
  if (status.kind !== 'running' || status.failedMounts.length === 0) return;
  // Without an answer, the record is that of the last one; the change itself is complete.
  const agent = await attachAgent(definition, limits).catch(() => undefined);
  await agent?.close();
}
