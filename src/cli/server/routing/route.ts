import type * as z from 'zod';
import { parseOptions } from '../../../util/options/parse-options.ts';
import { answerJson } from '../answers/http-answer.ts';
import { readBody } from '../answers/request-body.ts';
import type { ANSWERS } from '../schemas/answers.ts';
import type { BeforeJson } from '../schemas/json.ts';
import type { Exchange } from './exchange.ts';

type Method = 'GET' | 'POST' | 'PUT';

/** One route: the server dispatches by it, and the OpenAPI document describes it. */
export interface Route extends RouteWords {
  readonly method: Method;
  /** As in `/v1/machines/:name/start`. */
  readonly path: string;
  readonly handle: (exchange: Exchange) => Promise<void>;
}

/** The description of a route. */
interface RouteWords {
  /** An imperative. */
  readonly summary: string;
  /** Parameters of the address. */
  readonly query?: z.ZodObject | undefined;
  /** The JSON object that the client sends. */
  readonly body?: z.ZodType | undefined;
  /** The client sends a file instead. */
  readonly upload?: true | undefined;
  /** Statuses beside those that each route has, or each action. */
  readonly statuses?: readonly number[] | undefined;
  /** Media type of an answer that `ANSWERS` does not describe. */
  readonly type?: string | undefined;
  /** The kind of the operation that it starts. */
  readonly kind?: string | undefined;
}

/** A method and a path, as in `GET /v1/machines`. */
type Key = `${Method} /v1${string}`;
type Answers = typeof ANSWERS;
type AnswerOf<Name extends keyof Answers> = BeforeJson<z.output<Answers[Name]>>;

/** The parsed parts of a request. */
interface Given<Query extends z.ZodObject, Body extends z.ZodType> {
  readonly query: z.output<Query>;
  readonly body: z.output<Body>;
}

interface JsonRoute<
  Name extends keyof Answers,
  Query extends z.ZodObject,
  Body extends z.ZodType,
> extends RouteWords {
  readonly query?: Query;
  readonly body?: Body;
  readonly read: (exchange: Exchange, given: Given<Query, Body>) => AnswerOf<Name> | Promise<AnswerOf<Name>>;
}

/** Returns a route that answers with an object. It compiles only if `ANSWERS` describes this object. */
export function jsonRoute<
  Name extends keyof Answers,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
>(key: Name, { read, ...words }: JsonRoute<Name, Query, Body>): Route {
  return route(key, words, async (exchange) => {
    const query = words.query && parseOptions(words.query, Object.fromEntries(exchange.query), 'query');
    const body = words.body && (await readBody(exchange.request, words.body));
    answerJson(exchange.response, await read(exchange, { query, body } as Given<Query, Body>));
  });
}

/** Returns a route that writes its answer itself. */
export function route(key: Key, words: RouteWords, handle: Route['handle']): Route {
  const [method = '', path = ''] = key.split(' ');
  return { method: method as Method, path, ...words, handle };
}
