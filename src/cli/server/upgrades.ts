import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { STATUS_CODES } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { RequestRefusedError } from '../../errors/index.ts';
import { SUBPROTOCOL, refuseAtEnd } from './access/gate.ts';
import { describeError, isDefect, statusOf } from './answers/described-error.ts';
import { SOCKET_ROUTES } from './resources/socket-routes.ts';
import type { Services } from './routing/exchange.ts';
import { addressOf } from './routing/address.ts';
import { Router } from './routing/router.ts';
import { closeSignal, endNormally, endWithError } from './sockets/web-socket.ts';

const MOST_SOCKETS = 256;
const LARGEST_MESSAGE = 1024 * 1024;
/** Pings in the time after which a client is stalled. */
const PINGS = 10;
/** A client that has not answered so many is gone. Much that it reads slowly may be before them. */
const MOST_UNANSWERED = 4;
/** How long a client may take to answer the end of a connection. */
const GOODBYE_MS = 2000;

const router = new Router(SOCKET_ROUTES.map((route) => ({ ...route, method: 'GET' })));

/** The WebSockets of one server. */
export class Upgrades {
  readonly #services: Services;
  readonly #ending: AbortSignal;
  readonly #open = new Set<Promise<void>>();
  /** Numbers of pings without an answer. */
  readonly #unanswered = new Map<WebSocket, number>();
  readonly #stalledMs: number;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: LARGEST_MESSAGE,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  #pings: NodeJS.Timeout | undefined;

  /** @param stalledMs the time after which a client that reads nothing is disconnected. */
  constructor(services: Services, ending: AbortSignal, stalledMs: number) {
    this.#services = services;
    this.#ending = ending;
    this.#stalledMs = stalledMs;
  }

  /** Number of open WebSockets. */
  get count(): number {
    return this.#server.clients.size;
  }

  /** Accepts a WebSocket, or answers why not. */
  accept(request: IncomingMessage, connection: Duplex, head: Buffer): void {
    connection.on('error', () => connection.destroy());
    try {
      refuseAtEnd(this.#ending);
      const { gate } = this.#services;
      gate.checkOrigin(request);
      gate.checkCredentials(request, true);
      this.#services.admit(connection);
      const { pathname, searchParams } = addressOf(request);
      const { route, parts } = router.find('GET', pathname);
      if (this.count >= MOST_SOCKETS) {
        throw new RequestRefusedError(503, `too many WebSockets: ${MOST_SOCKETS} are open`, {
          hint: 'close some of the pages of vmlet in your browser',
        });
      }
      this.#server.handleUpgrade(request, connection, head, (socket) => {
        // `ws` has removed the time limit.
        request.socket.setTimeout(this.#stalledMs);
        const served = this.#serve(socket, route.serve, parts, searchParams);
        this.#open.add(served);
        void served.then(() => this.#open.delete(served));
      });
    } catch (error) {
      if (isDefect(error)) this.#services.onDefect(error);
      refuse(connection, error);
    }
  }

  /** Ends all, and waits until everything behind them is released. */
  async close(): Promise<void> {
    clearInterval(this.#pings);
    for (const socket of this.#server.clients) socket.terminate();
    await Promise.all(this.#open);
  }

  async #serve(
    socket: WebSocket,
    serve: (typeof SOCKET_ROUTES)[number]['serve'],
    parts: Readonly<Record<string, string>>,
    query: URLSearchParams,
  ): Promise<void> {
    const signal = closeSignal(socket, this.#ending);
    this.#watch(socket);
    try {
      await serve({ socket, parts, query, services: this.#services, signal });
      endNormally(socket);
    } catch (error) {
      if (!signal.aborted) {
        if (isDefect(error)) this.#services.onDefect(error);
        endWithError(socket, error);
      }
    }
    const goodbye = setTimeout(() => socket.terminate(), GOODBYE_MS);
    if (socket.readyState !== socket.CLOSED) await new Promise((resolve) => socket.once('close', resolve));
    clearTimeout(goodbye);
  }

  #watch(socket: WebSocket): void {
    // An invalid frame closes the socket, which is all that follows from it.
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => this.#unanswered.delete(socket));
    socket.once('close', () => {
      this.#unanswered.delete(socket);
      if (this.count > 0) return;
      clearInterval(this.#pings);
      this.#pings = undefined;
    });
    this.#pings ??= setInterval(() => this.#pingAll(), this.#stalledMs / PINGS);
  }

  #pingAll(): void {
    for (const socket of this.#server.clients) {
      // One that the server has paused may have answered; one that is still being sent to cannot have.
      const isWaiting = socket.isPaused || socket.bufferedAmount > 0;
      const unanswered = isWaiting ? 0 : (this.#unanswered.get(socket) ?? 0);
      if (unanswered >= MOST_UNANSWERED) socket.terminate();
      else {
        this.#unanswered.set(socket, unanswered + 1);
        socket.ping();
      }
    }
  }
}

function refuse(connection: Duplex, error: unknown): void {
  const status = statusOf(error);
  const body = JSON.stringify({ version: 1, error: describeError(error) });
  connection.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
      'Connection: close',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      '',
      body,
    ].join('\r\n'),
    () => connection.destroy(),
  );
}
