import * as z from 'zod';
import { type Actions, action, option, progressOf } from './action.ts';

const flag = z.boolean().optional();

/** Every action of images, by its kind. */
export const IMAGE_ACTIONS: Actions = {
  'images/pull': action(
    'Pull an image',
    z.strictObject({ reference: z.string(), anySize: flag }),
    (_none, { reference, anySize }) => ['pull', ...option('--any-size', anySize), reference],
    async ({ body: { reference, anySize }, signal, onProgress }) => {
      const { ImageStore } = await import('../../../index.ts');
      const { digest } = await new ImageStore().pull(reference, {
        anySize,
        signal,
        onProgress: (news) => onProgress(progressOf(news)),
      });
      return { digest };
    },
  ),
  'images/remove': action(
    'Remove an image',
    z.strictObject({ reference: z.string() }),
    (_none, { reference }) => ['image', 'rm', reference],
    async ({ body: { reference }, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      return new ImageStore().remove(reference, { signal });
    },
  ),
  'images/prune': action(
    'Remove unused images',
    z.strictObject({ all: flag, dryRun: flag, only: z.array(z.string()).optional() }),
    (_none, { all, dryRun }) => [
      ...['image', 'prune'],
      ...option('--all', all),
      ...option('--dry-run', dryRun),
    ],
    async ({ body, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      return { images: await new ImageStore().prune({ ...body, signal }) };
    },
  ),
};

/** Every action of templates, by its kind. */
export const TEMPLATE_ACTIONS: Actions = {
  'templates/remove': action(
    'Remove a template',
    z.strictObject({ name: z.string() }),
    (_none, { name }) => ['template', 'rm', name],
    async ({ body: { name } }) => {
      const { removeTemplate } = await import('../../../index.ts');
      removeTemplate(name);
      return {};
    },
  ),
};
