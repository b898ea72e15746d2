import { GuestMountError } from '../../errors/index.ts';
import { afterBoot } from '../../machine/life/boot-completion.ts';
import type { NamedPlan } from '../../machine/plan/named-plan.ts';
import { copyIn } from '../../machine/share/copies.ts';
import { bootTimeoutMs } from '../../machine/spec/guest-time.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { attachBootingAgent, quotingConsole } from '../channel/attach-agent.ts';
import { failedMountOf } from '../channel/failed-mounts.ts';
import { whileKernelLives } from '../channel/while-kernel-lives.ts';
import type { Definition } from '../record/definition.ts';

/**
 * Copies directories of the host into a guest that is booting, when it has booted: before that, its own system may not
 * have mounted or grown its disks. Files replace files of the guest, and nothing in the guest is removed.
 * @throws GuestMountError for a copy into a directory that the guest could not mount, TimedOutError without an agent, LaunchError when the kernel dies, what `copyIn` throws, or the signal's reason.
 */
export async function copyDirectories(
  definition: Definition,
  { accelerator, copies }: Pick<NamedPlan, 'accelerator' | 'copies'>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { name, boot } = definition.spec;
  const isFullSystem = boot.kind === 'firmware';
  const timeoutMs = bootTimeoutMs(isFullSystem ? 'disk' : 'kernel', accelerator);
  const copied = async (either: AbortSignal): Promise<void> => {
    // QEMU's agent, which may be up earlier, cannot copy directories.
    await using agent = await attachBootingAgent(definition, { timeoutMs, signal: either });
    if (isFullSystem) {
      const booted = Promise.resolve(agent.exec(afterBoot(['true']), { signal: either }));
      const booting = `booting machine "${name}"`;
      await withinLimits(booting, booted, { timeoutMs, signal: either }).catch((error: unknown) => {
        throw quotingConsole(error, booting, definition);
      });
    }
    // The copy would fill another disk, and be hidden when the mount is there.
    const failed = failedMountOf(definition, (mount) =>
      copies.some(({ target }) => target === mount || target.startsWith(`${mount}/`)),
    );
    if (failed) throw new GuestMountError(failed.target, failed.errno, failed.problem, { hint: failed.hint });
    await copyIn(agent, copies, either);
  };
  await whileKernelLives(definition, copied, signal, true);
}
