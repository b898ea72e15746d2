import * as z from 'zod';
import { type Action, action, option, progressOf } from './action.ts';

const flag = z.boolean().optional();

/** Every action of images, by its path below /v1/images. */
export const IMAGE_ACTIONS: Readonly<Record<string, Action>> = {
  pull: action(
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
  remove: action(
    z.strictObject({ reference: z.string() }),
    (_none, { reference }) => ['image', 'rm', reference],
    async ({ body: { reference }, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      return new ImageStore().remove(reference, { signal });
    },
  ),
  prune: action(
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

/** Every action of templates, by its path below /v1/templates. */
export const TEMPLATE_ACTIONS: Readonly<Record<string, Action>> = {
  remove: action(
    z.strictObject({ name: z.string() }),
    (_none, { name }) => ['template', 'rm', name],
    async ({ body: { name } }) => {
      const { removeTemplate } = await import('../../../index.ts');
      removeTemplate(name);
      return {};
    },
  ),
};
