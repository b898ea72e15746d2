import { Command } from 'commander';
import { poolCreateCommand } from './pool-create.ts';
import { poolLsCommand } from './pool-ls.ts';
import { poolRmCommand } from './pool-rm.ts';
import { poolServeCommand } from './pool-serve.ts';

/** The verbs of pools, one file each. */
export function poolCommand(): Command {
  return new Command('pool')
    .description(
      'Manages pools: guests that have booted and wait for a command. vmlet run --pool takes one and ends it with the ' +
        'command; the pool starts another.',
    )
    .addCommand(poolCreateCommand())
    .addCommand(poolLsCommand())
    .addCommand(poolRmCommand())
    .addCommand(poolServeCommand());
}
