import { type ClientRequest, type IncomingMessage, type RequestOptions, request as askHttp } from 'node:http';
import { request as askHttps } from 'node:https';
import { type Socket, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { DownloadError } from '../../../errors/index.ts';
import { basicCredentials, printable } from './address.ts';
import { connectedTo } from './failure.ts';
import type { TransferLimits } from './limits.ts';
import { portOf } from './proxy-environment.ts';
import { SocketReader } from './socket-reader.ts';

export interface Asking {
  readonly url: URL;
  readonly proxy: URL | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: TransferLimits;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly message: IncomingMessage;
  /** Undefined where what comes has to be decrypted behind a proxy. */
  readonly reader: SocketReader | undefined;
}

/**
 * Asks for an address once, over a connection of its own, which ends with the answer's content or with the signal.
 * @throws DownloadError for what takes too long and for a proxy that refuses; errors of sockets, TLS and HTTP.
 */
export async function ask(asking: Asking): Promise<Answer> {
  const { url, proxy, headers, signal } = asking;
  if (proxy && url.protocol === 'https:') {
    const createConnection = await tunnel(asking, proxy);
    // With an agent, and be it `false`, createConnection would not be asked.
    const message = await answerOf(askHttps(url, { signal, headers, createConnection }), asking);
    return { message, reader: undefined };
  }
  const reader = new SocketReader();
  const options = { agent: false as const, signal, onread: reader.onread };
  const request = proxy ? viaProxy(asking, proxy, options) : send(url, { ...options, headers });
  request.once('socket', (socket) => reader.attach(socket));
  return { message: await answerOf(request, asking), reader };
}

function viaProxy({ url, headers }: Asking, proxy: URL, options: RequestOptions): ClientRequest {
  const path = printable(url);
  const proxied = { ...headers, host: url.host, ...proxyHeaders(proxy) };
  return send(proxy, { ...options, path, headers: proxied });
}

function send(to: URL, options: RequestOptions): ClientRequest {
  // What the user wrote into the address is in the headers already, for whom it is meant.
  const bare = new URL(to);
  bare.username = '';
  bare.password = '';
  return bare.protocol === 'https:' ? askHttps(bare, options) : askHttp(bare, options);
}

/** Has a proxy connect to the server, and speaks TLS through it. */
async function tunnel(asking: Asking, proxy: URL): Promise<() => Socket> {
  const { url, signal } = asking;
  const target = `${url.hostname}:${portOf(url)}`;
  const request = send(proxy, {
    agent: false,
    signal,
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...proxyHeaders(proxy) },
  });
  const socket = await new Promise<Socket>((resolve, reject) => {
    const stopWatching = watchStart(request, asking);
    request.once('connect', (reply, connected) => {
      stopWatching();
      if (reply.statusCode === 200) {
        resolve(connected);
        return;
      }
      connected.destroy();
      const status = reply.statusCode ?? 'nothing';
      const problem = `${printable(url)}: the proxy does not connect to ${url.host}: it answered ${status}`;
      const hint = 'look at HTTP_PROXY, HTTPS_PROXY and NO_PROXY';
      reject(new DownloadError(printable(url), 'proxy', problem, { hint }));
    });
    // Later ones are of a connection that is given up.
    request.on('error', reject);
    request.end();
  });
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // No server is asked for by an address (RFC 6066 §3); its certificate is for that all the same.
  const names = isIP(host) === 0 ? { host, servername: host } : { host };
  return () => connectTls({ socket, ...names, ALPNProtocols: ['http/1.1'] });
}

function proxyHeaders(proxy: URL): Record<string, string> {
  const credentials = basicCredentials(proxy);
  return credentials === undefined ? {} : { 'proxy-authorization': credentials };
}

async function answerOf(request: ClientRequest, asking: Asking): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const stopWatching = watchStart(request, asking);
    request.once('response', (response) => {
      stopWatching();
      watchContent(response, asking);
      resolve(response);
    });
    // Once there is an answer, its content tells of the same.
    request.on('error', (error) => {
      stopWatching();
      reject(error);
    });
    request.end();
  });
}

/** Limits the time until a connection stands, and from then until the answer. @returns what ends it. */
function watchStart(request: ClientRequest, { url, proxy, limits }: Asking): () => void {
  const shown = printable(url);
  const end = (error: DownloadError) => () => void request.destroy(error);
  const late = `${shown}: no connection to ${connectedTo(url, proxy)} could be made within ${limits.connectMs / 1000} s`;
  let timer = setTimeout(end(new DownloadError(shown, 'unreachable', late)), limits.connectMs);
  const silent = `${shown}: the server does not answer: nothing came within ${limits.headMs / 1000} s`;
  const stands = (): void => {
    clearTimeout(timer);
    timer = setTimeout(end(new DownloadError(shown, 'stalled', silent)), limits.headMs);
  };
  request.once('socket', (socket) => {
    if (!socket.connecting && !('encrypted' in socket)) stands();
    else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stands);
  });
  request.once('close', () => clearTimeout(timer));
  return () => clearTimeout(timer);
}

/** Ends an answer of which no more comes, unless it is its reader who is slow. */
function watchContent(response: IncomingMessage, { url, limits }: Asking): void {
  const { socket } = response;
  socket.setTimeout(limits.idleMs);
  socket.on('timeout', () => {
    if (socket.isPaused() || response.isPaused() || response.readableLength > 0) {
      socket.setTimeout(limits.idleMs);
      return;
    }
    const shown = printable(url);
    const problem = `${shown}: the server stopped sending: nothing came for ${limits.idleMs / 1000} s`;
    const hint = 'try again later; what has come may be kept and taken up then';
    response.destroy(new DownloadError(shown, 'stalled', problem, { hint }));
  });
}
