import { setTimeout as delay } from 'node:timers/promises';
import type { GuestAgent } from '../../guest/agent/agent.ts';
import { probeCloudInit } from '../../guest/cloud-init/cloud-init-probe.ts';
import { type CloudInitStatus, describeCloudInitProgress } from '../../guest/cloud-init/cloud-init-status.ts';

/** A guest without systemd has its own way; what reads the seed is asked where there is something. */
const WAIT = `
if [ -d /run/systemd/system ]; then systemctl is-system-running --wait
elif command -v cloud-init; then cloud-init status --wait
fi >/dev/null 2>&1 </dev/null
exit 0
`;
/** Each look costs the guest some work. */
const LOOK_EVERY_MS = 2000;

/**
 * Waits until a system of its own has booted to its end, its first boot's work included: our agent is up long before.
 * A unit that failed does not matter here: whoever asks the guest is told.
 * @param onProgress gets words on what cloud-init does just now; without it the guest is not asked.
 * @returns what came of the first boot's work.
 */
export async function awaitBootCompletion(
  agent: GuestAgent,
  onProgress: ((doing: string) => void) | undefined,
): Promise<CloudInitStatus> {
  const completion = agent.exec(['sh', '-c', WAIT]);
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
  // Why it ended is for whoever awaits it.
  void completion.then(end, end);
  for (;;) {
    await delay(LOOK_EVERY_MS, undefined, { signal: over.signal }).catch(() => undefined);
    if (over.signal.aborted) return;
    const status = await probeCloudInit(agent);
    if (status.state === 'running') onProgress(describeCloudInitProgress(status));
  }
}
