import { openPool } from '../../public/pools.ts';
import { runInGuest } from '../enter/guest-command.ts';
import { OF_POOLED_RUN, type RunFlags } from '../flags/run-options.ts';
import { withinTimeout } from '../session/within-timeout.ts';

/**
 * `run --pool`: runs the command in a guest that is ready.
 * @throws InvalidInputError for a flag that describes the machine.
 */
export async function runPooled(pool: string, argv: readonly string[], flags: RunFlags): Promise<void> {
  if (!Object.keys(flags).every((flag) => OF_POOLED_RUN.includes(flag))) {
    const { refuseMachineFlags } = await import('../flags/refused-flags.ts');
    refuseMachineFlags('--pool', flags, ['template', 'dryRun', 'console', 'debug'], process.argv);
  }
  await withinTimeout(flags, async (interrupts, signal) => {
    await using guest = await openPool(pool).take({ signal });
    process.exitCode = await runInGuest(guest.exec.bind(guest), argv, flags, interrupts, signal);
  });
}
