import { expect, it } from 'vitest';
import { ROUTES } from '../../../src/cli/server/resources/routes.ts';
import { SOCKET_ROUTES } from '../../../src/cli/server/resources/socket-routes.ts';
import { pages } from '../../documents.ts';

const [page] = pages('docs/http-api.md');
const text = page?.text ?? '';

/** As in `/v1/machines/:name`; the page has NAME for `:name`, and may have a query. */
function pathOf(written: string): string {
  return written.replace(/\?.*$/, '').replaceAll(/\b[A-Z]{2,}\b/g, (word) => `:${word.toLowerCase()}`);
}

/** WebSockets in the first column of tables, whose heading may have a prefix for relative paths. */
function socketsInTables(): string[] {
  let prefix: string | undefined;
  return text.split('\n').flatMap((line) => {
    const [, cell = ''] = line.split('|');
    const heading = /^ WebSocket(?: `(\/\S*\/)…`)? +$/.exec(cell);
    if (heading || !line.startsWith('|')) {
      prefix = heading ? (heading[1] ?? '') : undefined;
      return [];
    }
    if (prefix === undefined) return [];
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => pathOf(`${prefix}${path}`));
  });
}

it('lists exactly the WebSockets of the server, which the OpenAPI document cannot contain', () => {
  expect(socketsInTables().sort()).toEqual(SOCKET_ROUTES.map(({ path }) => path).sort());
});

it('names only routes of the server', () => {
  const named = [...text.matchAll(/`(GET|POST|PUT) (\/v1[^\s`]*)`/g)];
  const routes = named.map(([, method = '', path = '']) => `${method} ${pathOf(path)}`);
  const routed = ROUTES.map(({ method, path }) => `${method} ${path}`);
  expect(routes).toContain('GET /v1/openapi.json');
  expect(routes.filter((route) => !routed.includes(route))).toEqual([]);
});
