import { expect, it } from 'vitest';
import { openApiDocument } from '../../../../../src/cli/server/openapi/document.ts';
import { ROUTES } from '../../../../../src/cli/server/resources/routes.ts';
import { ANSWERS } from '../../../../../src/cli/server/schemas/answers.ts';
import { RESULTS } from '../../../../../src/cli/server/schemas/results.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, unknown>>;
}

const document = openApiDocument('1.2.3');
const paths = document['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>;
const operations = Object.values(paths).flatMap((one) => Object.values(one));

it('has the version of vmlet', () => {
  expect(document).toMatchObject({ openapi: '3.1.1', info: { version: '1.2.3' } });
});

it('describes every route, each under a name of its own', () => {
  expect(operations).toHaveLength(ROUTES.length);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(ROUTES.length);
});

it('describes no answer and no result without a route', () => {
  const routed = ROUTES.map(({ method, path }) => `${method} ${path}`);
  expect(Object.keys(ANSWERS).filter((key) => !routed.includes(key))).toEqual([]);
  const kinds = ROUTES.flatMap(({ kind }) => kind ?? []);
  expect(Object.keys(RESULTS).sort()).toEqual(kinds.sort());
});

it('refers only to what it contains', () => {
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  const places = [...references].map(([, place = '']) => place);
  const missing = places.filter((place) => {
    const found = place
      .split('/')
      .reduce<unknown>((value, word) => (value as Record<string, unknown> | undefined)?.[word], document);
    return found === undefined;
  });
  expect(places.length).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});

it('has the options of the library in the body of a new machine, with the words of the command', () => {
  const body = JSON.stringify(paths['/v1/machines']?.['post']);
  expect(body).toContain('"diskSize"');
  expect(body).toContain('boot from an image such as debian:13');
});
