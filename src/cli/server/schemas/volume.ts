import * as z from 'zod';
import type { ListedVolume, VolumeMachine } from '../../../machines/index.ts';
import { count, jsonOf, moment } from './json.ts';

export const volume = jsonOf<ListedVolume>()({
  name: z.string(),
  path: z.string(),
  createdAt: moment,
  sizeBytes: count,
  hostBytes: count,
  machines: z.array(
    jsonOf<VolumeMachine>()({
      name: z.string(),
      target: z.string(),
      readOnly: z.boolean(),
      running: z.boolean(),
      removed: z.boolean(),
    }),
  ),
  processes: z.array(z.int()),
});
