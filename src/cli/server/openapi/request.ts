import * as z from 'zod';
import { changesSchema, createSchema, seedSchema } from '../../../public/definitions.ts';
import { changeFlags, createFlags } from '../../../public/named-options.ts';
import type { Route } from '../routing/route.ts';
import type { Components, Json } from './components.ts';

interface LibraryBody {
  readonly schema: z.ZodObject;
  /** Descriptions of its fields. */
  readonly flags: typeof createFlags;
}

const newMachine: LibraryBody = {
  schema: createSchema.extend({ start: z.boolean().optional(), seed: seedSchema.optional() }),
  flags: createFlags,
};

/** The bodies that the library checks: the schemas of their routes let its options through. */
const OF_LIBRARY: Readonly<Record<string, LibraryBody>> = {
  '/v1/machines': newMachine,
  '/v1/machines/check': newMachine,
  '/v1/machines/:name/set': {
    schema: changesSchema.extend({ labels: z.record(z.string(), z.string().nullable()).optional() }),
    flags: changeFlags,
  },
};

/** Returns the body of a request; undefined if it has none. */
export function requestBodyOf(
  { method, path, body, upload }: Route,
  components: Components,
): Json | undefined {
  if (upload) return { required: true, content: { 'application/octet-stream': {} } };
  if (body === undefined) return undefined;
  const library = method === 'POST' ? OF_LIBRARY[path] : undefined;
  const schema = components.schemaOf(library?.schema ?? body, 'input');
  return {
    required: true,
    content: { 'application/json': { schema: library ? withWords(schema, library.flags) : schema } },
  };
}

/** The descriptions are those of the flags of the command. */
function withWords(schema: Json, flags: LibraryBody['flags']): Json {
  const words = new Map(flags.map(({ option, description }) => [option, description]));
  const properties = Object.entries(schema['properties'] as Record<string, Json>).map(([name, property]) => {
    const description = words.get(name);
    return [name, description === undefined ? property : { ...property, description }];
  });
  return { ...schema, properties: Object.fromEntries(properties) as Json };
}

/** Returns the parameters of the path, of the query, and of the header `Prefer`. */
export function parametersOf({ path, query, kind }: Route, components: Components): Json[] {
  const { properties = {}, required = [] }: { properties?: Record<string, Json>; required?: string[] } = query
    ? components.schemaOf(query, 'input')
    : {};
  return [
    ...[...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(properties).map(([name, { description, ...schema }]) => ({
      name,
      in: 'query',
      required: required.includes(name),
      ...(description !== undefined && { description }),
      schema,
    })),
    ...(kind === undefined
      ? []
      : [
          {
            name: 'Prefer',
            in: 'header',
            description: 'wait=60 waits for up to 60 s, at most 600, for the end of the operation',
            schema: { type: 'string' },
          },
        ]),
  ];
}
