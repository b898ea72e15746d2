import * as z from 'zod';
import { type Action, action, option } from './action.ts';

const flag = z.boolean().optional();

/** Every action of the host, by its path below /v1/host. */
export const HOST_ACTIONS: Readonly<Record<string, Action>> = {
  prune: action(
    z.strictObject({ all: flag, dryRun: flag }),
    (_none, { all, dryRun }) => [
      ...['system', 'prune'],
      ...option('--all', all),
      ...option('--dry-run', dryRun),
    ],
    async ({ body: { all = false, dryRun = false }, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      const store = new ImageStore();
      // Before the images, as the command does it: commands that change images sweep unfinished ones silently.
      const leftovers = await store.pruneLeftovers({ dryRun });
      return { leftovers, images: await store.prune({ all, dryRun, signal }) };
    },
  ),
};
