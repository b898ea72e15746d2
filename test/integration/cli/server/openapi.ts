import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { openApiDocument } from '../../../../src/cli/server/openapi/document.ts';

/** An answer of the server of `vmlet ui`. */
export interface ApiAnswer {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null | undefined;
  /** Undefined when it was not read to its end, as a stream. */
  readonly text?: string | undefined;
}

interface Described {
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, object>>;
}
type Operations = Readonly<Record<string, { readonly responses: Readonly<Record<string, Described>> }>>;

/** Answers to requests that reach no route, which a document of routes cannot list. */
const WITHOUT_ROUTE = [400, 401, 403, 404, 405, 421, 503];
const JSON_TYPE = 'application/json';

const document = openApiDocument('0.0.0');
const paths = Object.entries(document['paths'] as Record<string, Operations>);
const responses = (document['components'] as { responses: Record<string, Described> }).responses;
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, strictTypes: false });
formats.default(ajv);
// Its schemas are strict; the words around them are those of OpenAPI.
ajv.addVocabulary(Object.keys(document));
ajv.addSchema(document, 'vmlet');
const validators = new Map<string, ValidateFunction>();

/** @throws Error for an answer of the API that the OpenAPI document does not describe. */
export function checkAnswer(answer: ApiAnswer): void {
  const [path = ''] = answer.path.split('?');
  if (!/^\/v1(?:\/|$)/.test(path)) return;
  const problem = problemOf({ ...answer, path });
  if (problem === undefined) return;
  throw new Error(`undocumented answer to ${answer.method} ${answer.path}: ${answer.status}, ${problem}`);
}

function problemOf({ method, path, status, contentType, text }: ApiAnswer): string | undefined {
  const verb = method.toLowerCase();
  const [template = '', operations] = paths.find(([one, all]) => verb in all && matches(one, path)) ?? [];
  if (operations === undefined) {
    if (!WITHOUT_ROUTE.includes(status)) return 'no such route';
    // HEAD has no body.
    return text ? invalid(text, pointer('components', 'schemas', 'Error')) : undefined;
  }
  const described = operations[verb]?.responses[status];
  if (described === undefined) return 'no such status';
  const isShared = described.$ref !== undefined;
  const { content = {} } = isShared ? (responses[status] ?? {}) : described;
  const [type = ''] = (contentType ?? '').split(';');
  if (!(type in content) && (type !== '' || Object.keys(content).length > 0)) return `no such type: ${type}`;
  if (type !== JSON_TYPE || text === undefined) return undefined;
  const place = isShared
    ? ['components', 'responses', String(status)]
    : ['paths', template, verb, 'responses', String(status)];
  return invalid(text, pointer(...place, 'content', JSON_TYPE, 'schema'));
}

function matches(template: string, path: string): boolean {
  const words = template.split('/');
  const given = path.split('/');
  return (
    words.length === given.length && words.every((word, at) => word.startsWith('{') || word === given[at])
  );
}

/** Why the text is not the JSON of a schema of the document; undefined if it is. */
function invalid(text: string, place: string): string | undefined {
  const validate = validators.get(place) ?? ajv.compile({ $ref: place });
  validators.set(place, validate);
  return validate(JSON.parse(text)) ? undefined : `${ajv.errorsText(validate.errors)}: ${text}`;
}

function pointer(...words: readonly string[]): string {
  const escaped = words.map((word) => encodeURIComponent(word.replaceAll('~', '~0').replaceAll('/', '~1')));
  return `vmlet#/${escaped.join('/')}`;
}

/** Like `fetch`, but checks an answer of the API. Streams are not read. */
export async function fetchChecked(input: string | URL, options: RequestInit = {}): Promise<Response> {
  const answer = await fetch(input, options);
  const { pathname, search } = new URL(input);
  const contentType = answer.headers.get('content-type');
  checkAnswer({
    method: options.method ?? 'GET',
    path: `${pathname}${search}`,
    status: answer.status,
    contentType,
    text: contentType?.startsWith(JSON_TYPE) ? await answer.clone().text() : undefined,
  });
  return answer;
}
