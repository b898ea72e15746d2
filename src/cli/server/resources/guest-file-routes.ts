import { posix } from 'node:path';
import * as z from 'zod';
import { parseOptions } from '../../../util/options/parse-options.ts';
import { answerJson, answerStream } from '../answers/http-answer.ts';
import type { Exchange, Route } from '../routing/exchange.ts';
import { guestFileName, guestPath, listGuestDirectory, openAgent, pathIn } from './guest-directory.ts';

const pathQuery = z.strictObject({ path: guestPath });
const uploadQuery = z.strictObject({ directory: guestPath, name: guestFileName });

/** A guest that reads slowly delays the client for at most this long without a byte. */
const IDLE_MS = 120_000;

/** Files of a guest, by its agent. */
export const GUEST_FILE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/machines/:name/files',
    handle: async (exchange) => {
      const { path } = parseOptions(pathQuery, Object.fromEntries(exchange.query), 'query');
      const entries = await listGuestDirectory(liveOf(exchange), path, exchange.signal);
      answerJson(exchange.response, { path, entries });
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/file',
    handle: async (exchange) => {
      const { response, signal } = exchange;
      const { path } = parseOptions(pathQuery, Object.fromEntries(exchange.query), 'query');
      await using channel = await openAgent(liveOf(exchange), signal);
      const file = channel.agent.pull(path, { signal });
      await file.attributes;
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(posix.basename(path))}`,
      });
      await answerStream(response, file.stream, signal);
    },
  },
  {
    method: 'PUT',
    path: '/v1/machines/:name/file',
    handle: async (exchange) => {
      const { request, response, signal } = exchange;
      const { directory, name } = parseOptions(uploadQuery, Object.fromEntries(exchange.query), 'query');
      const path = pathIn(directory, name);
      request.setTimeout(IDLE_MS, () => request.destroy(new Error('the upload stalled')));
      await using channel = await openAgent(liveOf(exchange), signal);
      await channel.agent.push(request, path, { signal });
      answerJson(response, { path });
    },
  },
];

function liveOf({ parts, services }: Exchange) {
  return services.store.get(parts['name'] ?? '').live();
}
