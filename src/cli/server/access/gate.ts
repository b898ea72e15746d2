import type { IncomingMessage } from 'node:http';
import { RequestRefusedError } from '../../../errors/index.ts';
import type { Credentials } from './credentials.ts';

/** Subprotocols of a page's WebSocket: the name of the protocol, and its secret. */
export const SUBPROTOCOL = 'vmlet';
const SECRET_SUBPROTOCOL = 'vmlet.secret.';
const SECRET_HEADER = 'vmlet-secret';
const HOST = /^(?:127\.0\.0\.1|localhost)(?::(\d{1,5}))?$/;
/** Hosts of a forward of the unix socket, which may listen on any address of the loopback. */
const FORWARDED_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?$/;
const HTTP_PORT = 80;
const NEW_TOKEN =
  'send the token from the token file; vmlet ui prints the path of this file, and creates a new token at each start';
const NEW_ADDRESS =
  'press Enter in the terminal where vmlet ui runs, and open the new address in a browser; each address works only once';

/** @throws RequestRefusedError when the server is ending. */
export function refuseAtEnd(ending: AbortSignal): void {
  if (ending.aborted) throw new RequestRefusedError(503, 'the server is shutting down');
}

/** Decides which requests the server answers. Its order is that of the checks: Host, Origin, credentials. */
export class Gate {
  readonly #credentials: Credentials;
  readonly #port: number | undefined;
  readonly #hosts: RegExp;

  /** @param port the server's port; undefined on a unix socket, where a forward has a port of its own. */
  constructor(credentials: Credentials, port: number | undefined) {
    this.#credentials = credentials;
    this.#port = port;
    this.#hosts = port === undefined ? FORWARDED_HOST : HOST;
  }

  /**
   * Checks where a request was sent, against DNS rebinding, and which page sent it.
   * @throws RequestRefusedError
   */
  checkOrigin({ headers }: IncomingMessage): void {
    const { host = '', origin } = headers;
    const [, port = HTTP_PORT] = this.#hosts.exec(host) ?? [];
    if (!this.#hosts.test(host) || (this.#port !== undefined && Number(port) !== this.#port)) {
      throw new RequestRefusedError(421, `this server does not accept requests to ${JSON.stringify(host)}`, {
        hint:
          this.#port === undefined
            ? 'use http://127.0.0.1:PORT, where PORT is the local port that you forward to the socket'
            : `use http://127.0.0.1:${this.#port}; if you forward this port (for example with ssh -L), the local port must have the same number`,
      });
    }
    if (origin !== undefined && origin !== `http://${host}`) throw foreignOrigin(origin);
  }

  /**
   * Checks that a request comes from the page itself, or from a program other than a browser.
   * @param hasEffect true for a change and a WebSocket, which the browser's same-origin policy does not prevent.
   * @throws RequestRefusedError
   */
  checkCredentials(request: IncomingMessage, hasEffect: boolean): void {
    const { authorization, origin } = request.headers;
    const cookie = cookieOf(request, this.cookieName(request));
    const bearer = /^Bearer ([\w-]+)$/.exec(authorization ?? '')?.[1];
    if (cookie === undefined && bearer !== undefined) {
      if (!this.#credentials.isBearer(bearer)) throw unauthorized(NEW_TOKEN);
      return;
    }
    if (hasEffect && origin === undefined) throw foreignOrigin(undefined);
    const secret = secretOf(request);
    if (cookie === undefined || secret === undefined || !this.#credentials.isPage(cookie, secret))
      throw unauthorized();
  }

  /** Checks the exchange of a token, which only a page of this server may ask for. @throws RequestRefusedError */
  checkExchange({ headers: { origin } }: IncomingMessage): void {
    if (origin === undefined) throw foreignOrigin(undefined);
  }

  /** Through a forward, the browser uses another port. */
  cookieName({ headers: { host = '' } }: IncomingMessage): string {
    return `vmlet-${this.#hosts.exec(host)?.[1] ?? HTTP_PORT}`;
  }
}

function cookieOf({ headers: { cookie = '' } }: IncomingMessage, name: string): string | undefined {
  const found = cookie.split('; ').find((one) => one.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

/** A browser can send no header with a WebSocket. */
function secretOf({ headers }: IncomingMessage): string | undefined {
  const header = headers[SECRET_HEADER];
  if (typeof header === 'string') return header;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((one) => one.trim());
  return offered.find((one) => one.startsWith(SECRET_SUBPROTOCOL))?.slice(SECRET_SUBPROTOCOL.length);
}

function unauthorized(hint = NEW_ADDRESS): RequestRefusedError {
  return new RequestRefusedError(401, 'missing or invalid credentials', { hint });
}

function foreignOrigin(origin: string | undefined): RequestRefusedError {
  return new RequestRefusedError(
    403,
    origin === undefined ? 'missing header: Origin' : `requests from ${origin} are refused`,
    {
      hint:
        origin === undefined
          ? 'a program must send "Authorization: Bearer TOKEN" and no cookie; vmlet ui prints the path of the file that contains TOKEN'
          : 'open the page at the address that vmlet ui prints, or send the request from a program that is not a browser',
    },
  );
}
