import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerJson, setHeaders } from './answers/http-answer.ts';
import { describeError, isDefect, statusOf } from './answers/described-error.ts';
import { refuseAtEnd } from './access/gate.ts';
import type { PageFiles } from './page-files.ts';
import { ROUTES } from './resources/routes.ts';
import type { Services } from './routing/exchange.ts';
import { addressOf } from './routing/address.ts';
import { Router } from './routing/router.ts';

/** A client that keeps sending unread data is disconnected after this time. */
const LINGER_MS = 1000;

const router = new Router(ROUTES);

/** Answers one request, whatever happens. */
export async function handleRequest(
  services: Services,
  page: PageFiles,
  request: IncomingMessage,
  response: ServerResponse,
  ending: AbortSignal,
): Promise<void> {
  const closed = new AbortController();
  const disconnected = (): void => closed.abort(new Error('the client has disconnected'));
  // The response of a pipelined request does not close.
  request.socket.once('close', disconnected);
  if (request.socket.destroyed) disconnected();
  // Without a listener, Node ends a connection whose answer takes long; the server ends one that is stalled.
  response.on('timeout', () => undefined);
  setHeaders(response);
  try {
    refuseAtEnd(ending);
    services.gate.checkOrigin(request);
    const { pathname, searchParams } = addressOf(request);
    const method = request.method ?? 'GET';
    if (method === 'GET' && pathname !== '/v1' && !pathname.startsWith('/v1/')) {
      page.answer(request, response, pathname);
      return;
    }
    const { route, parts } = findOpenRoute(services, request, method, pathname);
    const signal = AbortSignal.any([closed.signal, ending]);
    await route.handle({ request, response, parts, query: searchParams, services, signal });
  } catch (error) {
    if (closed.signal.aborted || ending.aborted) response.destroy();
    else answerError(services, request, response, error);
  } finally {
    request.socket.off('close', disconnected);
  }
}

/** Credentials are checked first: without them, a client learns of no path. */
function findOpenRoute(services: Services, request: IncomingMessage, method: string, path: string) {
  const isExchange = method === 'POST' && path === '/v1/session';
  if (!isExchange) {
    services.gate.checkCredentials(request, method !== 'GET');
    services.admit(request.socket);
  }
  return router.find(method, path);
}

function answerError(
  services: Services,
  request: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): void {
  if (isDefect(error)) services.onDefect(error);
  if (response.headersSent) {
    // The answer cannot be taken back: a client sees that it is incomplete.
    response.destroy();
    return;
  }
  if (!request.complete && hasBody(request)) {
    response.setHeader('connection', 'close');
    response.once('finish', () => setTimeout(() => request.destroy(), LINGER_MS).unref());
  }
  answerJson(response, { error: describeError(error) }, statusOf(error));
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}
