import * as z from 'zod';
import { type Route, jsonRoute } from '../routing/route.ts';
import { type Actions, action, option } from './action.ts';

const name = z.string();
/** The time of a listed volume: then it must still be the same. */
const createdAt = z.iso.datetime().transform((text) => new Date(text));

export const VOLUME_ROUTES: readonly Route[] = [
  jsonRoute('GET /v1/volumes', {
    summary: 'List volumes',
    read: async () => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      return { volumes: new VolumeStore().list() };
    },
  }),
  jsonRoute('GET /v1/volumes/:name', {
    summary: 'Inspect a volume',
    read: async ({ parts }) => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      return { volume: new VolumeStore().get(parts['name'] ?? '') };
    },
  }),
];

/** Every action of volumes, by its kind. */
export const VOLUME_ACTIONS: Actions = {
  'volumes/create': action(
    'Create a volume',
    z.strictObject({ name, size: z.string().optional() }),
    (_none, body) => [
      ...['volume', 'create', ...(body.size === undefined ? [] : ['--size', body.size])],
      body.name,
    ],
    async ({ body: { name: volume, ...options }, signal }) => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      return { volume: await new VolumeStore().create(volume, { ...options, signal }) };
    },
  ),
  'volumes/remove': action(
    'Remove a volume',
    z.strictObject({ name, createdAt: createdAt.optional() }),
    (_none, body) => ['volume', 'rm', body.name],
    async ({ body: { name: volume, ...seen } }) => {
      const { VolumeStore } = await import('../../../machines/index.ts');
      await new VolumeStore().remove(volume, seen);
      return {};
    },
  ),
  'volumes/prune': action(
    'Remove unused volumes',
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
