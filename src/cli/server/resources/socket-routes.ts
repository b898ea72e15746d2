import type { WebSocket } from 'ws';
import * as z from 'zod';
import { parseOptions } from '../../../util/options/parse-options.ts';
import type { Services } from '../routing/exchange.ts';
import { serveConsole } from '../sockets/console-socket.ts';
import { serveEvents, serveMachineEvents } from '../sockets/event-socket.ts';
import { serveScreen } from '../sockets/screen-socket.ts';
import { parseShellQuery, serveShell } from '../sockets/shell-socket.ts';

const consoleQuery = z.strictObject({ lines: z.coerce.number().int().min(0).max(100_000).default(200) });
const noQuery = z.strictObject({});

/** One WebSocket of a client. */
export interface SocketExchange {
  readonly socket: WebSocket;
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly services: Services;
  /** Aborts when the client disconnects, and when the server ends. */
  readonly signal: AbortSignal;
}

/** A WebSocket that clients may open; it is closed when `serve` returns. */
export interface SocketRoute {
  readonly path: string;
  readonly serve: (exchange: SocketExchange) => Promise<void>;
}

export const SOCKET_ROUTES: readonly SocketRoute[] = [
  {
    path: '/v1/events',
    serve: async ({ socket, query, services }) => serveEvents(services, socket, query),
  },
  {
    path: '/v1/machines/:name/events',
    serve: async ({ socket, parts, query, services, signal }) => {
      parseOptions(noQuery, Object.fromEntries(query), 'query');
      await serveMachineEvents(services.store.get(parts['name'] ?? ''), socket, signal);
    },
  },
  {
    path: '/v1/machines/:name/console',
    serve: async ({ socket, parts, query, services, signal }) => {
      const { lines } = parseOptions(consoleQuery, Object.fromEntries(query), 'query');
      await serveConsole(services.store.get(parts['name'] ?? '').live(), socket, { lines, signal });
    },
  },
  {
    path: '/v1/machines/:name/vnc',
    serve: async ({ socket, parts, services, signal }) =>
      serveScreen(services.store.get(parts['name'] ?? '').live(), socket, signal),
  },
  {
    path: '/v1/machines/:name/exec',
    serve: async ({ socket, parts, query, services, signal }) => {
      const command = parseShellQuery(query);
      await serveShell(services.store.get(parts['name'] ?? '').live(), socket, command, signal);
    },
  },
];
