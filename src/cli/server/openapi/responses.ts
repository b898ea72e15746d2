import { STATUS_CODES } from 'node:http';
import * as z from 'zod';
import type { Route } from '../routing/route.ts';
import { ANSWERS } from '../schemas/answers.ts';
import { errorAnswer, operation } from '../schemas/operation.ts';
import { RESULTS } from '../schemas/results.ts';
import type { Components, Json } from './components.ts';

/** Each route has them: an invalid request, missing credentials, another host or page, a defect, the end of the server. */
const EVERYWHERE = [400, 401, 403, 421, 500, 503];
/** A path with a name has them. */
const OF_NAME = [404];
const OF_BODY = [408, 413, 415];
const OF_ACTION = [404, 409, 429, 504];

const text = z.string();
const version = z.literal(1);

/** Returns the answers of a route by their statuses. */
export function responsesOf(route: Route, components: Components): Json {
  const { path, body, kind, statuses = [] } = route;
  const more = new Set([
    ...EVERYWHERE,
    ...(path.includes(':') ? OF_NAME : []),
    ...(body ? OF_BODY : []),
    ...(kind === undefined ? [] : OF_ACTION),
    ...statuses,
  ]);
  for (const status of more) components.responses[status] ??= furtherResponse(status, components);
  return {
    ...successes(route, components),
    ...Object.fromEntries([...more].map((status) => [status, { $ref: `#/components/responses/${status}` }])),
  };
}

function furtherResponse(status: number, components: Components): Json {
  return {
    description: STATUS_CODES[status],
    ...(status >= 400 && contentOf('application/json', components.schemaOf(errorAnswer, 'output'))),
  };
}

function successes({ method, path, type, kind }: Route, components: Components): Json {
  if (kind !== undefined) {
    const begun = contentOf('application/json', begunSchema(kind, components));
    return {
      200: { description: 'The operation has ended', ...begun },
      202: { description: 'The operation is still running', ...begun },
    };
  }
  if (type !== undefined) {
    const schema = type === 'application/json' ? { type: 'object' } : { type: 'string' };
    return { 200: { description: 'OK', ...contentOf(type, schema) } };
  }
  const answer = (ANSWERS as Readonly<Record<string, z.ZodObject>>)[`${method} ${path}`];
  if (answer === undefined) throw new Error(`no schema of the answer to ${method} ${path}`);
  const schema = components.schemaOf(z.strictObject({ version, ...answer.shape }), 'output');
  return { 200: { description: 'OK', ...contentOf('application/json', schema) } };
}

/** An action answers with its operation, whose result is its own. */
function begunSchema(kind: string, components: Components): Json {
  const begun = z.strictObject({ version, command: text, operation });
  const { properties, ...schema } = components.schemaOf(begun, 'output');
  const result = (RESULTS as Readonly<Record<string, z.ZodType>>)[kind];
  if (result === undefined) throw new Error(`no schema of the result of ${kind}`);
  const { operation: any, ...others } = properties as Json;
  return {
    ...schema,
    properties: {
      ...others,
      operation: {
        allOf: [any, { type: 'object', properties: { result: components.schemaOf(result, 'output') } }],
      },
    },
  };
}

function contentOf(type: string, schema: Json): Json {
  return { content: { [type]: { schema } } };
}
