import { ROUTES } from '../resources/routes.ts';
import type { Route } from '../routing/route.ts';
import { Components, type Json } from './components.ts';
import { parametersOf, requestBodyOf } from './request.ts';
import { responsesOf } from './responses.ts';

const DESCRIPTION =
  'The virtual machines of a user, served by `vmlet ui`. docs/http-api.md describes credentials, operations, events and ' +
  'WebSockets.';

/** Returns the OpenAPI document of the server. @param version of vmlet. */
export function openApiDocument(version: string): Json {
  const components = new Components();
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route, components);
  }
  const license = { name: 'Apache-2.0', identifier: 'Apache-2.0' };
  return {
    openapi: '3.1.1',
    info: { title: 'vmlet', version, description: DESCRIPTION, license },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      schemas: components.schemas,
      responses: components.responses,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token in the file whose path `vmlet ui` prints',
        },
      },
    },
  };
}

function operationOf(route: Route, components: Components): Json {
  const { method, path, summary } = route;
  const [, , tag = ''] = path.split(/[/.]/);
  const requestBody = requestBodyOf(route, components);
  return {
    operationId: idOf(method, path),
    summary,
    tags: [tag || 'v1'],
    // The token in its body is the credential.
    ...(path === '/v1/session' && { security: [] }),
    parameters: parametersOf(route, components),
    ...(requestBody && { requestBody }),
    responses: responsesOf(route, components),
  };
}

/** As in `postMachinesNameStart`. */
function idOf(method: string, path: string): string {
  const words = path.split(/\W+/).slice(2);
  return [
    method.toLowerCase(),
    ...words.map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`),
  ].join('');
}
