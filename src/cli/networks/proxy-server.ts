import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once, setMaxListeners } from 'node:events';
import {
  type IncomingMessage,
  STATUS_CODES,
  type Server,
  type ServerResponse,
  createServer,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  ConnectError,
  GuestRequestError,
  MachineNotFoundError,
  PermissionError,
  PortTakenError,
  TimedOutError,
  VmletError,
  isSystemError,
} from '../../errors/index.ts';
import { startTimer } from '../../util/time/timer.ts';
import { Connections } from '../server/connections.ts';
import { CLIENT_MS, awaitBody, forwardRequest } from './forward-request.ts';
import { GuestConnections } from './guest-connections.ts';
import { ForeignNameError, ThrowAwayMemberError, findTarget } from './proxy-target.ts';

export interface ProxyOptions {
  /** User name of the proxy's basic authentication. */
  readonly user: string;
  /** A free one by default. */
  readonly port: number | undefined;
  /** It ends after this time without a connection. */
  readonly idleMs: number;
  /** Called with errors that vmlet did not throw on purpose. */
  readonly onDefect: (error: unknown) => void;
}

const SECRET_BYTES = 24;
const HEADERS_MS = 10_000;
const MOST_CONNECTIONS = 512;
const HTTP_PORT = 80;
const WRONG_SECRET =
  'wrong or missing secret: copy the proxy URL, which contains the secret, from the output of vmlet proxy';

/** The server of `vmlet proxy`. */
export class ProxyServer implements AsyncDisposable {
  readonly secret = randomBytes(SECRET_BYTES).toString('base64url');
  readonly port: number;
  /** Settles when it has been idle for long enough; rejects when its socket fails. */
  readonly idle: Promise<void>;
  readonly #http: Server;
  readonly #options: ProxyOptions;
  readonly #expected: Buffer;
  readonly #ending = new AbortController();
  readonly #guests: GuestConnections;
  readonly #connections: Connections;

  /** @throws PortTakenError, PermissionError */
  static async start(options: ProxyOptions): Promise<ProxyServer> {
    const http = createServer({ headersTimeout: HEADERS_MS, requestTimeout: 0 });
    http.maxConnections = MOST_CONNECTIONS;
    const listening = once(http, 'listening');
    http.listen({ host: '127.0.0.1', port: options.port ?? 0, exclusive: true });
    try {
      await listening;
    } catch (error) {
      throw explain(error, options.port ?? 0);
    }
    return new ProxyServer(http, options);
  }

  private constructor(http: Server, options: ProxyOptions) {
    this.#http = http;
    this.#options = options;
    this.port = (http.address() as AddressInfo).port;
    this.#expected = digestOf(`Basic ${Buffer.from(`${options.user}:${this.secret}`).toString('base64')}`);
    this.#guests = new GuestConnections(this.#ending.signal);
    setMaxListeners(0, this.#ending.signal);
    this.#connections = new Connections(options.idleMs);
    this.idle = this.#connections.idle;
    http.on('error', (error) => this.#connections.fail(error));
    http.on('connection', (socket: Socket) => {
      // One listener for each pipelined request.
      socket.setMaxListeners(0);
      this.#connections.add(socket);
    });
    http.on('request', (request, response) => {
      this.#relay(request, response).catch((error: unknown) => this.#cutOff(request.socket, error));
    });
    http.on('connect', (request, socket, head) => {
      this.#tunnel(request, socket, head).catch((error: unknown) => this.#cutOff(socket, error));
    });
  }

  /** Ends every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#connections.stop();
    this.#ending.abort(new Error('the proxy is shutting down'));
    const closed = new Promise((resolve) => this.#http.close(resolve));
    for (const socket of this.#connections.open) socket.destroy();
    await closed;
    await this.#guests[Symbol.asyncDispose]();
  }

  /** An absolute-form request (RFC 9112). */
  async #relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      if (!this.#isAllowed(request)) {
        return answer(request, response, 407, WRONG_SECRET);
      }
      const [, authority, path = '/'] = /^http:\/\/([^/?#]*)([^#]*)/i.exec(request.url ?? '') ?? [];
      if (authority === undefined) {
        return answer(
          request,
          response,
          400,
          'this server is an HTTP proxy: configure it as the proxy of your client, then request http://NAME.vmlet.localhost:PORT/',
        );
      }
      const guest = await this.#open(authority, HTTP_PORT);
      endWithClient(request, response, guest);
      if (guest.destroyed) return;
      await forwardRequest(request, response, guest, path.startsWith('/') ? path : `/${path}`);
    } catch (error) {
      this.#fail(error, (status, text) => answer(request, response, status, text));
    }
  }

  async #tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const refuse = (status: number, text: string): void => {
      const challenge = status === 407 ? 'Proxy-Authenticate: Basic realm="vmlet"\r\n' : '';
      closeSoon(client);
      client.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${challenge}Connection: close\r\n` +
          `Content-Type: text/plain; charset=utf-8\r\n\r\n${text}\n`,
      );
    };
    try {
      if (!this.#isAllowed(request)) return refuse(407, WRONG_SECRET);
      const guest = await this.#open(request.url ?? '', Number.NaN);
      if (client.destroyed) {
        guest.destroy();
        return;
      }
      client.once('close', () => guest.destroy());
      closeSoon(client);
      guest.on('error', () => client.destroy());
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      guest.write(head);
      client.pipe(guest);
      guest.pipe(client);
    } catch (error) {
      this.#fail(error, refuse);
    }
  }

  async #open(authority: string, defaultPort: number): Promise<Duplex> {
    const target = await findTarget(authority, defaultPort);
    try {
      return await this.#guests.open(target);
    } catch (error) {
      if (!(error instanceof GuestRequestError) || error.errno !== 'ECONNREFUSED') throw error;
      const { machine, port } = target;
      throw new ConnectError(`port ${port} of ${machine}`, 'no server listens on this port in the guest', {
        hint: 'start the server in the guest; it must listen on localhost or on all addresses',
        cause: error,
      });
    }
  }

  /** The error is not the client's or the guest's, and there was no way to answer with it. */
  #cutOff(client: Duplex, error: unknown): void {
    client.destroy();
    this.#options.onDefect(error);
  }

  #isAllowed({ headers }: IncomingMessage): boolean {
    return timingSafeEqual(digestOf(headers['proxy-authorization'] ?? ''), this.#expected);
  }

  #fail(error: unknown, refuse: (status: number, text: string) => void): void {
    if (this.#ending.signal.aborted) return refuse(503, 'the proxy is shutting down');
    const isExpected = error instanceof VmletError || isSystemError(error);
    if (!isExpected) this.#options.onDefect(error);
    refuse(
      statusOf(error),
      isExpected
        ? wordsOf(error)
        : 'internal error of the proxy; for the cause, see the terminal where vmlet proxy runs',
    );
  }
}

/** The response of a pipelined request does not close with its socket. */
function endWithClient({ socket }: IncomingMessage, response: ServerResponse, guest: Duplex): void {
  const end = (): void => {
    socket.off('close', end);
    guest.destroy();
  };
  if (socket.destroyed || response.destroyed) return end();
  socket.once('close', end);
  response.once('close', end);
}

/** Once everything is sent, a client may not keep its connection for long. */
function closeSoon(client: Duplex): void {
  client.once('finish', () => {
    client.once(
      'close',
      startTimer(CLIENT_MS, () => client.destroy()),
    );
    // Unread input would hide that the client closes.
    client.resume();
  });
}

function answer(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  // Without the words, those of an answer that could not be passed on would be sent.
  response.writeHead(status, STATUS_CODES[status] ?? '', {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text) + 1,
    Connection: 'close',
    ...(status === 407 && { 'Proxy-Authenticate': 'Basic realm="vmlet"' }),
  });
  response.write(`${text}\n`);
  void awaitBody(request).then(() => response.end());
}

function statusOf(error: unknown): number {
  if (error instanceof ForeignNameError) return 403;
  if (error instanceof MachineNotFoundError || error instanceof ThrowAwayMemberError) return 404;
  if (error instanceof TimedOutError) return 504;
  return error instanceof VmletError || isSystemError(error) ? 502 : 500;
}

/** The message, and the hint in a second line. */
function wordsOf(error: Error): string {
  const hint = error instanceof VmletError ? error.hint : undefined;
  return hint === undefined ? error.message : `${error.message}\n${hint}`;
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function explain(error: unknown, port: number): unknown {
  if (isSystemError(error, 'EADDRINUSE')) {
    return new PortTakenError(`127.0.0.1:${port}/tcp`, false, undefined, {
      hint: 'choose another port, or leave out --port for a free one',
      cause: error,
    });
  }
  if (isSystemError(error, 'EACCES')) {
    return new PermissionError(`permission denied: 127.0.0.1:${port}/tcp is a privileged port`, {
      hint: 'choose a port of at least 1024',
      cause: error,
    });
  }
  return error;
}
