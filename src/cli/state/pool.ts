import { Command } from 'commander';
import { poolCreateCommand } from './pool-create.ts';
import { poolLsCommand } from './pool-ls.ts';
import { poolRmCommand } from './pool-rm.ts';
import { poolServeCommand } from './pool-serve.ts';

/** The verbs of pools, one file each. */
export function poolCommand(): Command {
  return new Command('pool')
    .description(
      'Manages pools: booted guests that wait for a command. vmlet run --pool runs a command in one of these guests and ' +
        'then deletes the guest; the pool starts another one.',
    )
    .addCommand(poolCreateCommand())
    .addCommand(poolLsCommand())
    .addCommand(poolRmCommand())
    .addCommand(poolServeCommand());
}
