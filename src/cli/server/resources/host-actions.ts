import * as z from 'zod';
import { type Actions, action, option } from './action.ts';

const flag = z.boolean().optional();
const names = z.array(z.string());
/** Names of leftovers and digests of images, as a dry run lists them. */
const only = z.strictObject({ leftovers: names, images: names });

/** Every action of the host, by its kind. */
export const HOST_ACTIONS: Actions = {
  'host/prune': action(
    'Remove unused files, as vmlet system prune does; always those of killed processes, too',
    z.strictObject({ all: flag, disks: flag, dryRun: flag, only: only.optional() }),
    (_none, { all, disks, dryRun }) => [
      ...['system', 'prune'],
      ...option('--all', all),
      ...option('--disks', disks),
      ...option('--dry-run', dryRun),
    ],
    async ({ body: { all, disks, dryRun, only: seen }, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      const store = new ImageStore();
      // Before the images, as the command does it: commands that change images sweep unfinished ones silently.
      const leftovers = await store.pruneLeftovers({ disks, dryRun, only: seen?.leftovers });
      return { leftovers, images: await store.prune({ all, dryRun, only: seen?.images, signal }) };
    },
  ),
};
