import { expect, it } from 'vitest';
import { ROUTES } from '../../../src/cli/server/resources/routes.ts';
import { SOCKET_ROUTES } from '../../../src/cli/server/resources/socket-routes.ts';
import { pages } from '../../documents.ts';

const [page] = pages('docs/http-api.md');
const lines = page?.text.split('\n') ?? [];

/** As in `GET /v1/machines/:name`; the page has NAME for `:name`, and may have a query. */
function routeOf(method: string, path: string): string {
  return `${method} ${path.replace(/\?.*$/, '').replaceAll(/\b[A-Z]{2,}\b/g, (word) => `:${word.toLowerCase()}`)}`;
}

/** Routes in the first column of tables, whose heading is a method, and may be a prefix for relative paths. */
function inTables(): string[] {
  let heading: { readonly method: string; readonly prefix: string } | undefined;
  return lines.flatMap((line) => {
    if (!line.startsWith('|')) {
      heading = undefined;
      return [];
    }
    const [, cell = ''] = line.split(/(?<!\\)\|/);
    const [, method, prefix = ''] = /^ (GET|POST|PUT|WebSocket)(?: `(\/\S*\/)…`)? +$/.exec(cell) ?? [];
    if (method !== undefined) {
      heading = { method, prefix };
      return [];
    }
    if (heading === undefined) return [];
    const { method: found, prefix: before } = heading;
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) =>
      routeOf(found, path.startsWith('/') ? path : `${before}${path}`),
    );
  });
}

/** Routes such as `POST /v1/session`, wherever they are. */
function inText(): string[] {
  return [...(page?.text ?? '').matchAll(/`(GET|POST|PUT) (\/v1[^\s`]*)`/g)].map(
    ([, method = '', path = '']) => routeOf(method, path),
  );
}

it('lists exactly the routes of the server', () => {
  const routed = [
    ...ROUTES.map(({ method, path }) => `${method} ${path}`),
    ...SOCKET_ROUTES.map(({ path }) => `WebSocket ${path}`),
  ];
  expect([...new Set([...inTables(), ...inText()])].sort()).toEqual(routed.sort());
});

it('lists a route in one table only', () => {
  const listed = inTables();
  expect(listed.filter((route, index) => listed.indexOf(route) !== index)).toEqual([]);
});
