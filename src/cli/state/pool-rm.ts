import { Command } from 'commander';
import { PoolNotFoundError } from '../../errors/index.ts';
import { NOTHING_DONE, eachName } from '../session/each-machine.ts';

export function poolRmCommand(): Command {
  return new Command('rm')
    .summary('end pools')
    .description(
      'Ends pools and all of their guests, including guests in use, and removes the logs of the pools.',
    )
    .argument('<pools...>', 'names of the pools')
    .option('-i, --ignore', 'ignore pools that do not exist')
    .action(async (names: string[], { ignore }: { ignore?: true }) => {
      const { openPool } = await import('../../public/pools.ts');
      await eachName(names, async (name, signal) => {
        try {
          return await openPool(name).end({ signal });
        } catch (error) {
          if (!ignore || !(error instanceof PoolNotFoundError)) throw error;
          return NOTHING_DONE;
        }
      });
    });
}
