import type { GuestAgent } from '../../guest/agent/agent.ts';
import { probeCloudInit } from '../../guest/cloud-init/cloud-init-probe.ts';
import { type CloudInitStatus, describeCloudInitProgress } from '../../guest/cloud-init/cloud-init-status.ts';
import { pause } from '../../util/time/pause.ts';

/**
 * Guests without systemd use another method. Whether a service that reads the seed has finished is asked only
 * when one exists.
 */
const WAIT_FOR_BOOT = `if [ -d /run/systemd/system ]; then systemctl is-system-running --wait
elif command -v cloud-init; then cloud-init status --wait
fi >/dev/null 2>&1 </dev/null
`;

/** Returns a command that waits until the guest's own system has finished booting, then becomes the given one. */
export function afterBoot(argv: readonly string[]): string[] {
  return ['/bin/sh', '-c', `${WAIT_FOR_BOOT}exec "$@"`, 'sh', ...argv];
}

/** Each query costs the guest some work. */
const LOOK_EVERY_MS = 2000;

/**
 * Waits until a guest's own system has finished booting, including first-boot work: the agent is up long
 * before that. Failed units do not count as errors here.
 * @param onProgress called with the current activity of cloud-init; without it the guest is not queried.
 * @returns the result of the first-boot work.
 */
export async function awaitBootCompletion(
  agent: GuestAgent,
  onProgress: ((doing: string) => void) | undefined,
): Promise<CloudInitStatus> {
  const completion = agent.exec(afterBoot(['true']));
  if (onProgress) await reportUntil(completion, agent, onProgress);
  await completion;
  return probeCloudInit(agent);
}

async function reportUntil(
  completion: PromiseLike<unknown>,
  agent: GuestAgent,
  onProgress: (doing: string) => void,
): Promise<void> {
  const over = new AbortController();
  const end = (): void => over.abort();
  // The outcome is handled by the caller that awaits it.
  void completion.then(end, end);
  for (;;) {
    await pause(LOOK_EVERY_MS, over.signal).catch(() => undefined);
    if (over.signal.aborted) return;
    const status = await probeCloudInit(agent);
    if (status.state === 'running') onProgress(describeCloudInitProgress(status));
  }
}
