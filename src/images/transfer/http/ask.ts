import { type ClientRequest, type IncomingMessage, type RequestOptions, request as askHttp } from 'node:http';
import { request as askHttps } from 'node:https';
import { type Socket, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { DownloadError } from '../../../errors/index.ts';
import { basicCredentials, printable } from './download-address.ts';
import { PROXY_HINT, connectedTo, hintOf } from './explain-failure.ts';
import type { TransferLimits } from './transfer-limits.ts';
import { portOf } from './proxy-environment.ts';
import { SocketReader } from './socket-reader.ts';

export interface Asking {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly proxy: URL | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly limits: TransferLimits;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly message: IncomingMessage;
  /** Undefined for TLS through a proxy, where the data is still encrypted. */
  readonly reader: SocketReader | undefined;
}

/**
 * Sends one request over a connection of its own, which ends with the answer's content or with the signal.
 * @throws DownloadError for a timeout or a proxy that refuses; errors of sockets, TLS and HTTP.
 */
export async function ask(asking: Asking): Promise<Answer> {
  const { method, url, proxy, headers, signal } = asking;
  if (proxy && url.protocol === 'https:') {
    const createConnection = await tunnel(asking, proxy);
    // No `agent` option: with one, even `false`, createConnection would not be called.
    const message = await answerOf(askHttps(url, { method, signal, headers, createConnection }), asking);
    return { message, reader: undefined };
  }
  const reader = new SocketReader();
  const options = { method, agent: false as const, signal, onread: reader.onread };
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
  // Credentials of the URL are already in the headers, for the server that they are meant for.
  const bare = new URL(to);
  bare.username = '';
  bare.password = '';
  return bare.protocol === 'https:' ? askHttps(bare, options) : askHttp(bare, options);
}

/** Opens a tunnel through a proxy, for TLS. */
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
      const status = reply.statusCode ?? 'missing';
      const problem = `${printable(url)}: the proxy ${proxy.host} refused a connection to ${url.host} (status ${status})`;
      reject(new DownloadError(printable(url), 'proxy', problem, { hint: PROXY_HINT }));
    });
    // Errors after the first one are of an abandoned connection, and are ignored.
    request.on('error', reject);
    request.end();
  });
  const host = url.hostname.replace(/^\[|\]$/g, '');
  // IP addresses must not be sent as server names (RFC 6066 §3); the certificate is still verified against them.
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
    // After the answer has arrived, its content reports the same error.
    request.on('error', (error) => {
      stopWatching();
      reject(error);
    });
    request.end();
  });
}

/** Limits the time to connect, and then the time until the answer. @returns a function that stops watching. */
function watchStart(request: ClientRequest, { url, proxy, limits }: Asking): () => void {
  const shown = printable(url);
  const end = (error: DownloadError) => () => void request.destroy(error);
  const late = `${shown}: timed out after ${limits.connectMs / 1000} s connecting to ${connectedTo(url, proxy)}`;
  let timer = setTimeout(
    end(new DownloadError(shown, 'unreachable', late, { hint: hintOf('unreachable', proxy) })),
    limits.connectMs,
  );
  const silent = `${shown}: timed out after ${limits.headMs / 1000} s waiting for an answer`;
  const onConnected = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      end(new DownloadError(shown, 'stalled', silent, { hint: hintOf('stalled', proxy) })),
      limits.headMs,
    );
  };
  request.once('socket', (socket) => {
    if (!socket.connecting && !('encrypted' in socket)) onConnected();
    else socket.once('encrypted' in socket ? 'secureConnect' : 'connect', onConnected);
  });
  request.once('close', () => clearTimeout(timer));
  return () => clearTimeout(timer);
}

/** Ends an answer that stalls, unless its reader is the slow one. */
function watchContent(response: IncomingMessage, { url, limits }: Asking): void {
  const { socket } = response;
  socket.setTimeout(limits.idleMs);
  socket.on('timeout', () => {
    if (socket.isPaused() || response.isPaused() || response.readableLength > 0) {
      socket.setTimeout(limits.idleMs);
      return;
    }
    const shown = printable(url);
    const problem = `${shown}: the server stopped sending (no data for ${limits.idleMs / 1000} s)`;
    const hint = 'try again later; the download resumes if the server supports it';
    response.destroy(new DownloadError(shown, 'stalled', problem, { hint }));
  });
}
