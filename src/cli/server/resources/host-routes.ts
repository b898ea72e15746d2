import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { RequestRefusedError } from '../../../errors/index.ts';
import { packageFile } from '../../../util/package-file.ts';
import { usageRows } from '../../images/usage-rows.ts';
import { MOST_UNSENT } from '../sockets/web-socket.ts';
import { answerJson, answerJsonText } from '../answers/http-answer.ts';
import { readBody } from '../answers/request-body.ts';
import { EventFeed, statisticsChoiceOf, statisticsQuery } from '../live/event-feed.ts';
import { type Route, jsonRoute, route } from '../routing/route.ts';

const sessionBody = z.strictObject({ token: z.string() });

/** The host, events, the session of a page, and the description of the API. */
export const HOST_ROUTES: readonly Route[] = [
  jsonRoute('GET /v1', {
    summary: 'Get the version of vmlet',
    read: async () => {
      const { packageVersion } = await import('../../../index.ts');
      return { vmlet: packageVersion() };
    },
  }),
  route(
    'GET /v1/openapi.json',
    { summary: 'Get this document', type: 'application/json' },
    async ({ response }) => {
      answerJsonText(response, await readFile(packageFile('dist/openapi.json'), 'utf8'));
    },
  ),
  jsonRoute('GET /v1/host', {
    summary: 'Examine this host',
    read: async ({ signal }) => {
      const { examineHost } = await import('../../../index.ts');
      return examineHost({ signal });
    },
  }),
  jsonRoute('GET /v1/host/usage', {
    summary: 'Measure the disk use of vmlet',
    read: async ({ signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      return { usage: usageRows(await new ImageStore().diskUsage({ signal })) };
    },
  }),
  route(
    'GET /v1/events',
    {
      summary: 'Receive server-sent events for everything that changes',
      query: statisticsQuery,
      type: 'text/event-stream',
    },
    async ({ response, query, services, signal }) => {
      const choice = statisticsChoiceOf(query);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      using feed = new EventFeed(services, {
        send: (event, data) => {
          response.write(serverSentEvent(event, data));
          return response.writableLength < MOST_UNSENT;
        },
      });
      response.on('drain', () => feed.caughtUp());
      feed.choose(choice);
      if (!signal.aborted) await once(signal, 'abort');
      response.end();
    },
  ),
  route(
    'POST /v1/session',
    { summary: 'Exchange the token of an address for a cookie and a secret', body: sessionBody },
    async ({ request, response, services: { credentials, gate } }) => {
      gate.checkExchange(request);
      const { token } = await readBody(request, sessionBody);
      const page = credentials.exchange(token);
      if (page === undefined) {
        throw new RequestRefusedError(
          401,
          'this address was already used, or is from an earlier start of vmlet ui',
          {
            hint: 'for a new address, press Enter in the terminal where vmlet ui runs',
          },
        );
      }
      const name = gate.cookieName(request);
      response.setHeader('set-cookie', `${name}=${page.cookie}; Path=/; HttpOnly; SameSite=Strict`);
      answerJson(response, { secret: page.secret });
    },
  ),
  jsonRoute('POST /v1/session/token', {
    summary: 'Get another token, which opens the page once',
    body: z.strictObject({}),
    read: ({ services: { credentials } }) => ({ token: credentials.newToken() }),
  }),
];

function serverSentEvent(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
