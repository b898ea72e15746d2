import * as z from 'zod';
import type { ChangedSpec, Difference } from '../../../machines/index.ts';
import { specSchema } from '../../../public/definitions.ts';
import { addedDisk, changedDrive, changedShare } from './device.ts';
import { usageEntry } from './host.ts';
import { removedImage } from './image.ts';
import { count, jsonOf } from './json.ts';
import { network } from './network.ts';
import { problem } from './operation.ts';
import { forward, socketForward } from './port.ts';
import { volume } from './volume.ts';

const text = z.string();
const nothing = z.strictObject({});
const named = z.strictObject({ name: text });
const ports = z.array(forward);
const forwards = z.strictObject({ ports, sockets: z.array(socketForward) });
const stopped = z.strictObject({ rung: text, description: text });
const started = z.strictObject({ ports, identityProblem: problem.optional() });
const images = z.array(removedImage);

/** The result of each action, by its kind. */
export const RESULTS = {
  create: z.strictObject({ name: text, ports: ports.optional() }),
  start: started,
  stop: stopped,
  kill: z.strictObject({ description: text }),
  restart: started.extend(stopped.partial().shape),
  reset: nothing,
  pause: nothing,
  resume: nothing,
  keyboard: nothing,
  save: nothing,
  clone: named,
  rename: named,
  protect: nothing,
  remove: z.strictObject({ keptDisks: z.array(text), keptVolumes: z.array(text).optional() }),
  set: jsonOf<ChangedSpec>()({
    spec: specSchema,
    differences: z.array(
      jsonOf<Difference>()({ field: text, from: text, to: text, takesEffect: z.enum(['now', 'next start']) }),
    ),
  }),
  'ports/add': forwards,
  'ports/remove': forwards,
  'snapshots/create': named,
  'snapshots/restore': z.strictObject({ state: text }),
  'snapshots/remove': nothing,
  'disks/add': z.strictObject({ disk: addedDisk }),
  'disks/resize': z.strictObject({ bytes: count }),
  'disks/remove': z.strictObject({ keptDisks: z.array(text) }),
  'drives/insert': changedDrive,
  'drives/eject': changedDrive,
  'drives/add': changedDrive,
  'drives/remove': changedDrive,
  'shares/add': changedShare,
  'shares/remove': changedShare,
  'networks/create': z.strictObject({ network }),
  'networks/remove': nothing,
  'networks/connect': nothing,
  'networks/disconnect': nothing,
  'networks/partition': nothing,
  'networks/heal': nothing,
  'images/pull': z.strictObject({ digest: text }),
  'images/remove': z.strictObject({ names: z.array(text), images }),
  'images/prune': z.strictObject({ images }),
  'templates/remove': nothing,
  'volumes/create': z.strictObject({ volume }),
  'volumes/remove': nothing,
  'volumes/prune': z.strictObject({ volumes: z.array(volume) }),
  'host/prune': z.strictObject({ leftovers: z.array(usageEntry), images }),
};
