import { openPool } from '../../public/pools.ts';
import { runInGuest } from '../enter/guest-command.ts';
import { OF_POOLED_RUN, type RunFlags } from '../flags/run-options.ts';
import { withinTimeout } from '../session/within-timeout.ts';

/**
 * `run --pool`: runs the command in a guest that is ready.
 * @throws InvalidInputError for a flag that describes the machine.
 */
export async function runPooled(pool: string, argv: readonly string[], flags: RunFlags): Promise<void> {
  const other = Object.keys(flags).find((flag) => !OF_POOLED_RUN.includes(flag));
  if (other !== undefined) {
    const { refuseFlag } = await import('../flags/refused-flags.ts');
    refuseFlag('--pool', other, process.argv);
  }
  await withinTimeout(flags, async (interrupts, signal) => {
    await using guest = await openPool(pool).take({ signal });
    process.exitCode = await runInGuest(guest.exec.bind(guest), argv, flags, interrupts, signal);
  });
}
