import * as z from 'zod';
import { answerJson } from '../answers/http-answer.ts';
import type { Route } from '../routing/exchange.ts';
import { type Action, action, option } from './action.ts';

const name = z.string();
/** The time of a listed volume: then it must still be the same. */
const createdAt = z.iso.datetime().transform((text) => new Date(text));

export const VOLUME_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/volumes',
    handle: async ({ response }) => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      answerJson(response, { volumes: new VolumeStore().list() });
    },
  },
  {
    method: 'GET',
    path: '/v1/volumes/:name',
    handle: async ({ response, parts }) => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      answerJson(response, { volume: new VolumeStore().get(parts['name'] ?? '') });
    },
  },
];

/** The creation of a volume. */
export const CREATE_VOLUME: Action = action(
  z.strictObject({ name, size: z.string().optional() }),
  (_none, body) => [
    ...['volume', 'create', ...(body.size === undefined ? [] : ['--size', body.size])],
    body.name,
  ],
  async ({ body: { name: volume, ...options }, signal }) => {
    const { VolumeStore } = await import('../../../machines/index.ts');
    return { volume: await new VolumeStore().create(volume, { ...options, signal }) };
  },
);

/** Every other action of volumes, by its path below /v1/volumes. */
export const VOLUME_ACTIONS: Readonly<Record<string, Action>> = {
  remove: action(
    z.strictObject({ name, createdAt: createdAt.optional() }),
    (_none, body) => ['volume', 'rm', body.name],
    async ({ body: { name: volume, ...seen } }) => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      await new VolumeStore().remove(volume, seen);
      return {};
    },
  ),
  prune: action(
    z.strictObject({
      dryRun: z.boolean().optional(),
      only: z.array(z.strictObject({ name, createdAt })).optional(),
    }),
    (_none, { dryRun }) => ['volume', 'prune', ...option('--dry-run', dryRun)],
    async ({ body }) => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      return { volumes: await new VolumeStore().prune(body) };
    },
  ),
};
