import * as z from 'zod';
import { type Action, action } from './action.ts';

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
