import { mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { UiServer, type UiServerOptions } from '../../../../src/cli/server/ui-server.ts';
import { MachineStore, NetworkStore } from '../../../../src/machines/index.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { checkAnswer } from './openapi.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: unknown;
}

/** Headers that a page sends after it has exchanged its token. */
export interface Page {
  readonly headers: OutgoingHttpHeaders;
  readonly cookie: string;
  readonly secret: string;
  readonly origin: string;
}

/** A server with its own machines, and the defects that it has reported. */
export class TestServer implements AsyncDisposable {
  readonly server: UiServer;
  readonly store: MachineStore;
  readonly networks: NetworkStore;
  readonly directory: string;
  readonly defects: unknown[];
  readonly #remove: () => void;

  static async start(
    options: Partial<UiServerOptions> & { readonly socketName?: string } = {},
  ): Promise<TestServer> {
    const { path, remove } = makeTemporaryDirectory();
    const environment = {
      XDG_DATA_HOME: join(path, 'data'),
      XDG_STATE_HOME: join(path, 'state'),
      XDG_CACHE_HOME: join(path, 'cache'),
      XDG_CONFIG_HOME: join(path, 'config'),
      XDG_RUNTIME_DIR: join(path, 'run'),
    };
    const { store = new MachineStore(environment) } = options;
    const networks = new NetworkStore(environment);
    const page = join(path, 'page');
    mkdirSync(join(page, 'assets'), { recursive: true });
    writeFileSync(join(page, 'index.html'), '<!doctype html>');
    writeFileSync(join(page, 'assets/page.js'), 'void 0;');
    const defects: unknown[] = [];
    const { socketName } = options;
    const server = await UiServer.start({
      page,
      onDefect: (error) => defects.push(error),
      ...(socketName !== undefined && { socketPath: join(path, socketName) }),
      ...options,
      store,
      networks,
    });
    return new TestServer(server, store, networks, path, defects, remove);
  }

  private constructor(
    server: UiServer,
    store: MachineStore,
    networks: NetworkStore,
    directory: string,
    defects: unknown[],
    remove: () => void,
  ) {
    this.server = server;
    this.store = store;
    this.networks = networks;
    this.directory = directory;
    this.defects = defects;
    this.#remove = remove;
  }

  get host(): string {
    return `127.0.0.1:${this.server.port ?? 80}`;
  }

  get bearer(): OutgoingHttpHeaders {
    return { authorization: `Bearer ${this.server.credentials.bearer}` };
  }

  /**
   * Sends a request as a program without credentials, unless `headers` contains some.
   * @throws Error for an answer that the OpenAPI document does not describe.
   */
  async ask(path: string, { method = 'GET', headers, body }: Question = {}): Promise<Answer> {
    const where =
      this.server.port === undefined
        ? { socketPath: join(this.directory, 'ui.sock') }
        : { host: '127.0.0.1', port: this.server.port };
    const answer = await new Promise<Answer>((resolve, reject) => {
      const asked = request({
        ...where,
        method,
        path,
        headers: { host: this.host, ...headers },
        agent: false,
      });
      asked.once('error', reject);
      asked.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (more: string) => (text += more));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      if (body !== undefined) asked.setHeader('content-type', 'application/json');
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
    checkAnswer({ method, path, ...answer, contentType: answer.headers['content-type'] });
    return answer;
  }

  /** Sends a request with the token of a program. */
  async get<T>(path: string): Promise<T> {
    return JSON.parse((await this.ask(path, { headers: this.bearer })).text) as T;
  }

  async post<T>(
    path: string,
    body: unknown,
    headers: OutgoingHttpHeaders = {},
  ): Promise<T & { status: number }> {
    const { text, status } = await this.ask(path, {
      method: 'POST',
      headers: { ...this.bearer, prefer: 'wait=120', ...headers },
      body,
    });
    return { status, ...(JSON.parse(text) as T) };
  }

  /** Opens the page as a browser does: exchanges a token for a cookie and a secret. */
  async open(host = this.host): Promise<Page> {
    const token = new URL(this.server.newAddress()).hash.replace('#token=', '');
    const origin = `http://${host}`;
    const { headers, text } = await this.ask('/v1/session', {
      method: 'POST',
      headers: { host, origin },
      body: { token },
    });
    const { secret } = JSON.parse(text) as { secret: string };
    const [cookie = ''] = (headers['set-cookie'] ?? [''])[0]?.split(';') ?? [];
    return { headers: { host, origin, cookie, 'vmlet-secret': secret }, cookie, secret, origin };
  }

  /** Opens a WebSocket as a program. */
  connect(path: string): WebSocket {
    return new WebSocket(`ws://${this.host}${path}`, { headers: this.bearer as Record<string, string> });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    this.#remove();
  }
}

/** The status of a WebSocket that was refused; 101 for one that was opened, which is closed then. */
export async function upgradeStatus(socket: WebSocket): Promise<number> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}
