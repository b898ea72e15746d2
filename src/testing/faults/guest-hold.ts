import { FaultUnavailableError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { Fault } from './fault.ts';

/** What a script in the guest says once it holds what it is to hold. */
const HELD = 'held';

/**
 * Runs a script in the guest that takes hold of something, says so and then does nothing. What it holds is let go by its
 * end, however that comes about: by the fault's end, the guest's, or that of the connection to its agent.
 * @param script for the guest's sh, as root; its parameters are `words`.
 * @throws FaultUnavailableError with what the script said, for one that ends instead.
 */
export async function holdInGuest(
  machine: Machine,
  fault: string,
  script: string,
  words: readonly string[],
): Promise<Fault> {
  const argv = ['sh', '-euc', `${script}\necho ${HELD}\nexec cat >/dev/null`, fault, ...words];
  const holder = machine.exec(argv, { stdin: 'pipe' });
  for await (const line of holder) {
    if (line !== HELD) continue;
    return new Fault(async () => {
      holder.kill('SIGKILL');
      await holder;
    });
  }
  const { exitCode, signal, stderr } = await holder;
  const end = signal === undefined ? `exit status ${String(exitCode)}` : signal;
  throw new FaultUnavailableError(fault, `the guest could not: ${stderr.toString().trim() || end}`, {
    hint: 'it takes a guest with the usual small programs (dd, mount, stat), whose agent is root',
  });
}
