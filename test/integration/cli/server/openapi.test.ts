import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openApiDocument } from '../../../../src/cli/server/openapi/document.ts';
import { packageFile } from '../../../../src/util/package-file.ts';
import { type ApiAnswer, checkAnswer } from './openapi.ts';
import { TestServer } from './server.ts';

it('serves the document of its routes to clients with credentials', async () => {
  await using served = await TestServer.start();
  const { version } = JSON.parse(readFileSync(packageFile('package.json'), 'utf8')) as { version: string };
  expect(await served.get('/v1/openapi.json')).toEqual(openApiDocument(version));
  expect((await served.ask('/v1/openapi.json')).status).toBe(401);
});

const answer: ApiAnswer = {
  method: 'GET',
  path: '/v1',
  status: 200,
  contentType: 'application/json; charset=utf-8',
  text: '{"version":1,"vmlet":"0.1.0"}',
};

it.each<[what: string, ApiAnswer, problem: RegExp]>([
  ['another route', { ...answer, path: '/v1/other' }, /no such route/],
  ['another method', { ...answer, method: 'POST' }, /no such route/],
  ['another status', { ...answer, status: 418 }, /no such status/],
  ['another type', { ...answer, contentType: 'text/html' }, /no such type: text\/html/],
  ['a further field', { ...answer, text: '{"version":1,"vmlet":"0","more":1}' }, /additional properties/],
  ['a missing field', { ...answer, text: '{"version":1}' }, /must have required property 'vmlet'/],
  ['an error of another shape', { ...answer, status: 401, text: '{}' }, /required property 'error'/],
])('the check of answers finds %s', (_what, wrong, problem) => {
  expect(() => checkAnswer(answer)).not.toThrow();
  expect(() => checkAnswer(wrong)).toThrow(problem);
});
