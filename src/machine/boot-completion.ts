import type { GuestAgent } from '../guest/agent.ts';

/** A guest without systemd has its own way; what reads the seed is asked where there is something. */
const WAIT = `
if [ -d /run/systemd/system ]; then systemctl is-system-running --wait
elif command -v cloud-init; then cloud-init status --wait
fi >/dev/null 2>&1 </dev/null
exit 0
`;

/**
 * Waits until a system of its own has booted to its end, its first boot's work included: our agent is up long before.
 * A unit that failed does not matter here: whoever asks the guest is told.
 */
export async function awaitBootCompletion(agent: GuestAgent): Promise<void> {
  await agent.exec(['sh', '-c', WAIT]);
}
