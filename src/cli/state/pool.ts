import { Command } from 'commander';
import { poolCreateCommand } from './pool-create.ts';
import { poolLsCommand } from './pool-ls.ts';
import { poolRmCommand } from './pool-rm.ts';
import { poolServeCommand } from './pool-serve.ts';

/** The verbs of pools, one file each. */
export function poolCommand(): Command {
  return new Command('pool')
    .description(
      'Manages pools. A pool is a group of booted guests that wait for a command. vmlet run --pool NAME runs a command in one ' +
        'of these guests, and then deletes the guest. The pool starts a new guest in its place.',
    )
    .addCommand(poolCreateCommand())
    .addCommand(poolLsCommand())
    .addCommand(poolRmCommand())
    .addCommand(poolServeCommand());
}
