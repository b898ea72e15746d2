import { posix } from 'node:path';
import * as z from 'zod';
import { parseOptions } from '../../../util/options/parse-options.ts';
import { answerStream } from '../answers/http-answer.ts';
import type { Exchange } from '../routing/exchange.ts';
import { type Route, jsonRoute, route } from '../routing/route.ts';
import { guestFileName, guestPath, listGuestDirectory, openAgent, pathIn } from './guest-directory.ts';

const pathQuery = z.strictObject({ path: guestPath });
const uploadQuery = z.strictObject({ directory: guestPath, name: guestFileName });

const text = z.string().optional();
const execBody = z.strictObject({
  argv: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).optional(),
  cwd: text,
  user: text.describe('name, uid, name:group or uid:gid'),
  input: text,
  timeoutMs: z.int().positive().optional().describe('The command is killed then, and the answer is an error'),
});
/** In bytes, of each stream. The WebSocket has no limit. */
const MOST_OUTPUT = 1024 * 1024;

/** A guest that reads slowly delays the client for at most this long without a byte. */
const IDLE_MS = 120_000;

/** Commands and files of a guest, by its agent. */
export const GUEST_ROUTES: readonly Route[] = [
  jsonRoute('POST /v1/machines/:name/exec', {
    summary: 'Run a command in the guest, and wait for its end; it is killed if the client disconnects first',
    body: execBody,
    statuses: [409, 504],
    read: async (exchange, { body: { argv, ...options } }) => {
      const { signal } = exchange;
      await using channel = await openAgent(liveOf(exchange), signal);
      const result = await channel.agent.exec(argv, { ...options, maxBuffer: MOST_OUTPUT, signal });
      return { ...result, stdout: result.stdout.toString('utf8'), stderr: result.stderr.toString('utf8') };
    },
  }),
  jsonRoute('GET /v1/machines/:name/files', {
    summary: 'List a directory of the guest',
    query: pathQuery,
    statuses: [409, 504],
    read: async (exchange, { query: { path } }) => ({
      path,
      entries: await listGuestDirectory(liveOf(exchange), path, exchange.signal),
    }),
  }),
  route(
    'GET /v1/machines/:name/file',
    {
      summary: 'Download a file of the guest',
      query: pathQuery,
      type: 'application/octet-stream',
      statuses: [409, 504],
    },
    async (exchange) => {
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
  ),
  jsonRoute('PUT /v1/machines/:name/file', {
    summary: 'Write a file of the guest',
    query: uploadQuery,
    upload: true,
    statuses: [409, 504],
    read: async (exchange, { query: { directory, name } }) => {
      const { request, signal } = exchange;
      const path = pathIn(directory, name);
      request.setTimeout(IDLE_MS, () => request.destroy(new Error('the upload stalled')));
      await using channel = await openAgent(liveOf(exchange), signal);
      await channel.agent.push(request, path, { signal });
      return { path };
    },
  }),
];

function liveOf({ parts, services }: Exchange) {
  return services.store.get(parts['name'] ?? '').live();
}
