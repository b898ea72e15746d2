import { FaultUnavailableError } from '../../errors/index.ts';
import type { Machine } from '../../machine/running/machine.ts';
import { Fault } from './fault.ts';

/** Output of a script in the guest once it holds its resource. */
const HELD = 'held';

/**
 * Runs a script in the guest that acquires a resource, reports it and then waits. The resource is released when the script
 * ends: with the fault, with the guest, or when the connection to its agent is lost.
 * @param script for sh in the guest, as root; its parameters are `words`.
 * @param hint advice for when the script exits instead.
 * @throws FaultUnavailableError with the script's output when it exits instead.
 */
export async function holdInGuest(
  machine: Machine,
  fault: string,
  script: string,
  words: readonly string[],
  hint: string,
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
  const end = signal === undefined ? `exit status ${String(exitCode)}` : `killed by ${signal}`;
  throw new FaultUnavailableError(fault, `failed in the guest: ${stderr.toString().trim() || end}`, {
    hint,
  });
}
