import type { Command } from 'commander';
import type { LaunchOptions, SeedOptions } from '../../index.ts';
import { type OptionFlag, launchFlags } from '../../public/options.ts';
import { addOptionFlags, givenOptions } from './option-flags.ts';
import { addSeedFlags } from './seed-flags.ts';

/** What commander makes of the flags of a machine that nobody keeps, apart from options of the library. */
export interface MachineFlags {
  readonly console?: true;
  readonly debug?: true;
}

/** What `run` and `template create` take alike to describe a machine that nobody keeps. */
export function addMachineFlags(command: Command, flags: readonly OptionFlag[] = launchFlags): Command {
  addOptionFlags(command, flags)
    .option('--console', "show the guest's serial console on stderr")
    .option('--debug', 'say on stderr what is done and when, as JSON lines');
  return addSeedFlags(command);
}

/** The library validates them; its errors name the same words. */
export function launchOptions(
  image: string | undefined,
  flags: object,
  seed: SeedOptions | undefined,
): LaunchOptions {
  return {
    ...(image !== undefined && { image }),
    ...givenOptions(launchFlags, flags),
    ...(seed && { seed }),
  };
}
