import { Readable } from 'node:stream';
import * as z from 'zod';
import { LOG_SOURCES, type NamedMachine, OutputLogReader } from '../../../machines/index.ts';
import { parseOptions } from '../../../util/options/parse-options.ts';
import { stateOf } from '../../look/ls.ts';
import { recordOf } from '../../look/ls.ts';
import { inspected } from '../../look/inspect.ts';
import { answerBytes, answerJson, answerStream } from '../answers/http-answer.ts';
import type { Exchange, Route } from '../routing/exchange.ts';

const logQuery = z.strictObject({
  source: z.enum(LOG_SOURCES).default('serial'),
  lines: z.coerce.number().int().min(0).optional(),
  follow: z.literal('1').optional(),
});

/** Routes that read machines. */
export const MACHINE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/machines',
    handle: async ({ response, services: { store } }) => {
      answerJson(response, { machines: store.list().map(recordOf) });
      return Promise.resolve();
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name',
    handle: async (exchange) => {
      const { response, services } = exchange;
      const machine = machineOf(exchange);
      const listed = services.store.look(machine.name);
      answerJson(response, {
        machine: { ...(listed && { state: stateOf(listed) }), ...inspected(machine) },
      });
      return Promise.resolve();
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/disks',
    handle: async (exchange) => {
      const { response, signal } = exchange;
      answerJson(response, { disks: await machineOf(exchange).disks({ signal }) });
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/drives',
    handle: async (exchange) => {
      const { response, signal } = exchange;
      answerJson(response, { drives: await machineOf(exchange).drives({ signal }) });
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/shares',
    handle: async (exchange) => {
      answerJson(exchange.response, { shares: await machineOf(exchange).shares() });
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/ports',
    handle: async (exchange) => {
      const machine = machineOf(exchange);
      answerJson(exchange.response, { ports: machine.ports(), sockets: machine.sockets() });
      return Promise.resolve();
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/addresses',
    handle: async (exchange) => {
      const { response, signal } = exchange;
      answerJson(response, await machineOf(exchange).live().addresses({ signal }));
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/snapshots',
    handle: async (exchange) => {
      const { response, signal } = exchange;
      answerJson(response, { snapshots: await machineOf(exchange).snapshots({ signal }) });
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/screen.png',
    handle: async ({ request, response, parts, services: { screens } }) => {
      const { png, tag } = await screens.get(parts['name'] ?? '');
      response.setHeader('etag', tag);
      if (request.headers['if-none-match'] === tag) response.writeHead(304).end();
      else answerBytes(response, 'image/png', png);
    },
  },
  {
    method: 'GET',
    path: '/v1/machines/:name/log',
    handle: async (exchange) => {
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
  },
];

/** The output alone: the log has a time and a stream before each line. */
async function* outputOf(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const reader = new OutputLogReader();
  for await (const piece of pieces) yield Buffer.concat(reader.push(piece).map(({ bytes }) => bytes));
}

function machineOf({ parts, services }: Exchange): NamedMachine {
  return services.store.get(parts['name'] ?? '');
}
