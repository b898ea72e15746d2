import { Readable } from 'node:stream';
import * as z from 'zod';
import { LOG_SOURCES, type NamedMachine, OutputLogReader } from '../../../machines/index.ts';
import { parseOptions } from '../../../util/options/parse-options.ts';
import { recordOf, stateOf } from '../../look/ls.ts';
import { inspected } from '../../look/inspect.ts';
import { answerBytes, answerStream } from '../answers/http-answer.ts';
import type { Exchange } from '../routing/exchange.ts';
import { type Route, jsonRoute, route } from '../routing/route.ts';

const logQuery = z.strictObject({
  source: z.enum(LOG_SOURCES).default('serial').describe('command: stdout and stderr of its command'),
  lines: z.coerce.number().int().min(0).optional(),
  follow: z.literal('1').optional().describe('Continue with later output until the client disconnects'),
});

/** Routes that read machines. */
export const MACHINE_ROUTES: readonly Route[] = [
  jsonRoute('GET /v1/machines', {
    summary: 'List machines',
    read: ({ services: { store } }) => ({ machines: store.list().map(recordOf) }),
  }),
  jsonRoute('GET /v1/machines/:name', {
    summary: 'Inspect a machine',
    read: (exchange) => {
      const machine = machineOf(exchange);
      const listed = exchange.services.store.look(machine.name);
      return { machine: { ...(listed && { state: stateOf(listed) }), ...inspected(machine) } };
    },
  }),
  jsonRoute('GET /v1/machines/:name/disks', {
    summary: 'List the disks of a machine: the files that a removal with storage deletes',
    statuses: [409, 504],
    read: async (exchange) => ({ disks: await machineOf(exchange).disks({ signal: exchange.signal }) }),
  }),
  jsonRoute('GET /v1/machines/:name/drives', {
    summary: 'List the CD drives of a machine',
    statuses: [409, 504],
    read: async (exchange) => ({ drives: await machineOf(exchange).drives({ signal: exchange.signal }) }),
  }),
  jsonRoute('GET /v1/machines/:name/shares', {
    summary: 'List the directories, volumes and file systems in memory of a machine',
    read: async (exchange) => ({ shares: await machineOf(exchange).shares() }),
  }),
  jsonRoute('GET /v1/machines/:name/ports', {
    summary: 'List the published ports and sockets of a machine',
    read: (exchange) => {
      const machine = machineOf(exchange);
      return { ports: machine.ports(), sockets: machine.sockets() };
    },
  }),
  jsonRoute('GET /v1/machines/:name/addresses', {
    summary: 'Find the addresses of the guest',
    statuses: [409, 504],
    read: async (exchange) => machineOf(exchange).live().addresses({ signal: exchange.signal }),
  }),
  jsonRoute('GET /v1/machines/:name/snapshots', {
    summary: 'List the snapshots of a machine',
    statuses: [409, 504],
    read: async (exchange) => ({
      snapshots: await machineOf(exchange).snapshots({ signal: exchange.signal }),
    }),
  }),
  route(
    'GET /v1/machines/:name/screen.png',
    {
      summary: 'Take a picture of the screen, at most every 2 s for all clients',
      type: 'image/png',
      statuses: [304, 409, 504],
    },
    async ({ request, response, parts, services: { screens } }) => {
      const { png, tag } = await screens.get(parts['name'] ?? '');
      response.setHeader('etag', tag);
      if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
      else answerBytes(response, 'image/png', png);
    },
  ),
  route(
    'GET /v1/machines/:name/log',
    { summary: 'Read a log of a machine', query: logQuery, type: 'text/plain' },
    async (exchange) => {
      const { response, signal } = exchange;
      const { source, lines, follow } = parseOptions(logQuery, Object.fromEntries(exchange.query), 'query');
      const machine = machineOf(exchange);
      const options = { tailLines: lines };
      const pieces =
        follow === undefined
          ? machine.log(source, options)
          : machine.followLog(source, { ...options, signal });
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).flushHeaders();
      await answerStream(response, Readable.from(source === 'command' ? outputOf(pieces) : pieces), signal);
    },
  ),
];

/** The output alone: the log has a time and a stream before each line. */
async function* outputOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const reader = new OutputLogReader();
  for await (const piece of pieces) yield Buffer.concat(reader.push(piece).map(({ bytes }) => bytes));
}

function machineOf({ parts, services }: Exchange): NamedMachine {
  return services.store.get(parts['name'] ?? '');
}
