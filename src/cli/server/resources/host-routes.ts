import { once } from 'node:events';
import * as z from 'zod';
import { RequestRefusedError } from '../../../errors/index.ts';
import { usageRows } from '../../images/usage-rows.ts';
import { MOST_UNSENT } from '../sockets/web-socket.ts';
import { answerJson, answerJsonText } from '../answers/http-answer.ts';
import { readBody } from '../answers/request-body.ts';
import { EventFeed, statisticsChoiceOf } from '../live/event-feed.ts';
import type { Route } from '../routing/exchange.ts';

/** The host, events, and the session of a page. */
export const HOST_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1',
    handle: async ({ response }) => {
      const { packageVersion } = await import('../../../index.ts');
      answerJson(response, { vmlet: packageVersion() });
    },
  },
  {
    method: 'GET',
    path: '/v1/host',
    handle: async ({ response, signal }) => {
      const { examineHost } = await import('../../../index.ts');
      answerJsonText(response, JSON.stringify(await examineHost({ signal })));
    },
  },
  {
    method: 'GET',
    path: '/v1/host/usage',
    handle: async ({ response, signal }) => {
      const { ImageStore } = await import('../../../index.ts');
      answerJson(response, { usage: usageRows(await new ImageStore().diskUsage({ signal })) });
    },
  },
  {
    method: 'GET',
    path: '/v1/events',
    handle: async ({ response, query, services, signal }) => {
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
  },
  {
    method: 'POST',
    path: '/v1/session',
    handle: async ({ request, response, services: { credentials, gate } }) => {
      gate.checkExchange(request);
      const { token } = await readBody(request, z.strictObject({ token: z.string() }));
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
  },
  {
    method: 'POST',
    path: '/v1/session/token',
    handle: async ({ request, response, services: { credentials } }) => {
      await readBody(request, z.strictObject({}));
      answerJson(response, { token: credentials.newToken() });
    },
  },
];

function serverSentEvent(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
