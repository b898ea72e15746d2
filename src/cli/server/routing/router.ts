import { RequestRefusedError } from '../../../errors/index.ts';
interface Place {
  readonly method: string;
  /** As in `/v1/machines/:name/start`. */
  readonly path: string;
}

interface Found<Route> {
  readonly route: Route;
  readonly parts: Readonly<Record<string, string>>;
}

const METHODS = ['GET', 'POST', 'PUT'];

/** Finds the route of a request; few enough to compare with each. */
export class Router<Route extends Place> {
  readonly #routes: readonly { readonly route: Route; readonly words: readonly string[] }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, words: route.path.split('/') }));
  }

  /** @throws RequestRefusedError for another path or method. */
  find(method: string, path: string): Found<Route> {
    const given = path.split('/').map(decoded);
    const matching = this.#routes.filter(({ words }) => matches(words, given));
    const found = matching.find(({ route }) => route.method === method);
    if (found) return { route: found.route, parts: partsOf(found.words, given) };
    if (!METHODS.includes(method) || matching.length > 0) {
      throw new RequestRefusedError(405, `${path} does not support ${method}`);
    }
    throw new RequestRefusedError(404, `no such resource: ${path}`, {
      hint: 'for the paths of the API, see GET /v1/openapi.json',
    });
  }
}

function matches(words: readonly string[], given: readonly string[]): boolean {
  return (
    words.length === given.length &&
    words.every((word, index) => (word.startsWith(':') ? given[index] !== '' : word === given[index]))
  );
}

function partsOf(words: readonly string[], given: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.flatMap((word, index) => (word.startsWith(':') ? [[word.slice(1), given[index] ?? '']] : [])),
  );
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word);
  } catch (error) {
    throw new RequestRefusedError(400, `invalid escape sequence (%) in the path: ${word}`, { cause: error });
  }
}
