import * as z from 'zod';
import { backingSchema, specSchema } from '../../../public/definitions.ts';
import { disk, drive, guestEntry, share, snapshot } from '../schemas/device.ts';
import { usage, usageEntry } from '../schemas/host.ts';
import {
  brokenImage,
  image,
  layer,
  offeredImage,
  publishedImage,
  removedImage,
  template,
} from '../schemas/image.ts';
import { inspectedMachine, machine, status } from '../schemas/machine.ts';
import { brokenNetwork, network } from '../schemas/network.ts';
import { errorAnswer, operation, problem } from '../schemas/operation.ts';
import { forward, socketForward } from '../schemas/port.ts';
import { volume } from '../schemas/volume.ts';

/** A JSON Schema, or another part of the document. */
export type Json = Readonly<Record<string, unknown>>;

/** The schemas with a name. */
const COMPONENTS = {
  Backing: backingSchema,
  BrokenImage: brokenImage,
  BrokenNetwork: brokenNetwork,
  Disk: disk,
  Drive: drive,
  Error: errorAnswer,
  Forward: forward,
  GuestFile: guestEntry,
  Image: image,
  ImageLayer: layer,
  InspectedMachine: inspectedMachine,
  Machine: machine,
  MachineSpec: specSchema,
  MachineStatus: status,
  Network: network,
  OfferedImage: offeredImage,
  Operation: operation,
  Problem: problem,
  PublishedImage: publishedImage,
  RemovedImage: removedImage,
  Share: share,
  Snapshot: snapshot,
  SocketForward: socketForward,
  Template: template,
  Usage: usage,
  UsageEntry: usageEntry,
  Volume: volume,
};

const PLACE = '#/components/schemas/';

/** Schemas in the dialect of OpenAPI 3.1, and the parts of the document to which they refer. */
export class Components {
  readonly schemas: Record<string, Json> = {};
  /** Answers that many routes have, by status. */
  readonly responses: Record<number, Json> = {};
  readonly #registry = z.registry<{ id: string }>();

  constructor() {
    for (const [id, schema] of Object.entries(COMPONENTS)) this.#registry.add(schema, { id });
  }

  /** @param io whether clients send the value, or receive it. */
  schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
    const {
      $schema: _dialect,
      $defs = {},
      ...own
    } = z.toJSONSchema(schema, {
      io,
      metadata: this.#registry,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        const description = z.globalRegistry.get(zodSchema)?.description;
        if (description !== undefined) jsonSchema.description = description;
        simplify(jsonSchema);
      },
    });
    for (const [name, definition] of Object.entries($defs)) this.schemas[name] = placed(definition);
    return placed(own);
  }
}

/** Removes words of zod that help no client, or mean something else in OpenAPI. */
function simplify(schema: z.core.JSONSchema.BaseSchema): void {
  // In OpenAPI, a client must not send it. zod means that the library does not change it.
  delete schema.readOnly;
  if (schema.format === 'date-time' || schema.format === 'uuid') delete schema.pattern;
  if (schema.format === 'starts_with') delete schema.format;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
}

/** The same with references to the components of the document. */
function placed(schema: object): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', `"${PLACE}`)) as Json;
}
