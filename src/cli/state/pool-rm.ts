import { Command } from 'commander';
import { PoolNotFoundError } from '../../errors/index.ts';
import { NOTHING_DONE, eachName } from '../session/each-machine.ts';

const LOG_REMOVED = 'no pool of this name is running; the log of an earlier one was removed';

export function poolRmCommand(): Command {
  return new Command('rm')
    .summary('end pools')
    .description(
      'Ends pools and all of their guests, including guests in use, and removes the logs of the pools.',
    )
    .argument('<pools...>', 'names of the pools')
    .option('-i, --ignore', 'ignore pools that do not exist')
    .action(async (names: string[], { ignore }: { ignore?: true }) => {
      const { openPool, removePoolLog } = await import('../../public/pools.ts');
      await eachName(names, async (name, signal) => {
        try {
          return await openPool(name).end({ signal });
        } catch (error) {
          if (!(error instanceof PoolNotFoundError)) throw error;
          const hadLog = removePoolLog(name);
          if (ignore) return NOTHING_DONE;
          throw hadLog ? new PoolNotFoundError(name, { hint: LOG_REMOVED, cause: error }) : error;
        }
      });
    });
}
