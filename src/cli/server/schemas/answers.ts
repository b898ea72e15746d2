import * as z from 'zod';
import { addresses, commandResult, disk, drive, guestEntry, share, snapshot } from './device.ts';
import { hostReport, usage } from './host.ts';
import { brokenImage, image, offeredImage, publishedImage, template } from './image.ts';
import { anyObject } from './json.ts';
import { inspectedMachine, machine } from './machine.ts';
import { brokenNetwork, network } from './network.ts';
import { operation } from './operation.ts';
import { forward, socketForward } from './port.ts';
import { volume } from './volume.ts';

const text = z.string();

/** The JSON of each route, without the `version` of every answer. Actions answer with their operations. */
export const ANSWERS = {
  'GET /v1': z.strictObject({ vmlet: text.describe('Version of vmlet') }),
  'POST /v1/session': z.strictObject({ secret: text }),
  'POST /v1/session/token': z.strictObject({ token: text }),
  'GET /v1/machines': z.strictObject({ machines: z.array(machine) }),
  'POST /v1/machines/check': z.strictObject({ command: text, create: anyObject }),
  'GET /v1/machines/:name': z.strictObject({ machine: inspectedMachine }),
  'GET /v1/machines/:name/disks': z.strictObject({ disks: z.array(disk) }),
  'GET /v1/machines/:name/drives': z.strictObject({ drives: z.array(drive) }),
  'GET /v1/machines/:name/shares': z.strictObject({ shares: z.array(share) }),
  'GET /v1/machines/:name/ports': z.strictObject({
    ports: z.array(forward),
    sockets: z.array(socketForward),
  }),
  'GET /v1/machines/:name/addresses': z.strictObject(addresses),
  'GET /v1/machines/:name/snapshots': z.strictObject({ snapshots: z.array(snapshot) }),
  'POST /v1/machines/:name/exec': commandResult,
  'GET /v1/machines/:name/files': z.strictObject({ path: text, entries: z.array(guestEntry) }),
  'PUT /v1/machines/:name/file': z.strictObject({ path: text }),
  'GET /v1/images': z.strictObject({ images: z.array(image), broken: z.array(brokenImage) }),
  'GET /v1/catalogue': z.strictObject({ images: z.array(offeredImage) }),
  'GET /v1/catalogue/:name': z.strictObject({ image: publishedImage }),
  'GET /v1/templates': z.strictObject({ templates: z.array(template) }),
  'GET /v1/volumes': z.strictObject({ volumes: z.array(volume) }),
  'GET /v1/volumes/:name': z.strictObject({ volume }),
  'GET /v1/networks': z.strictObject({ networks: z.array(network), broken: z.array(brokenNetwork) }),
  'GET /v1/networks/:name': z.strictObject({ network }),
  'GET /v1/host': z.strictObject(hostReport),
  'GET /v1/host/usage': z.strictObject({ usage: z.array(usage) }),
  'GET /v1/operations': z.strictObject({ operations: z.array(operation) }),
  'GET /v1/operations/:id': z.strictObject({ operation }),
  'POST /v1/operations/:id/cancel': z.strictObject({ operation }),
};
