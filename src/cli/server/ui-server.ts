import { type Server, createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { chmodSync } from 'node:fs';
import { setMaxListeners } from 'node:events';
import { type MachineStore, NetworkStore } from '../../machines/index.ts';
import { deferred } from '../../util/time/deferred.ts';
import { Connections } from './connections.ts';
import { Credentials } from './access/credentials.ts';
import { Gate } from './access/gate.ts';
import { Strangers } from './access/strangers.ts';
import { MachineHub } from './live/machine-hub.ts';
import { RunningMachines } from './live/running-machines.ts';
import { Screens } from './live/screens.ts';
import { StatisticsReadings } from './live/statistics-readings.ts';
import { Operations } from './operations/operations.ts';
import { PageFiles } from './page-files.ts';
import { handleRequest } from './request-handler.ts';
import type { Services } from './routing/exchange.ts';
import { Upgrades } from './upgrades.ts';

export interface UiServerOptions {
  readonly store: MachineStore;
  /** The networks whose changes clients are told; those of this user by default. */
  readonly networks?: NetworkStore | undefined;
  /** Path of a unix socket, in a directory of this user only; a free port of 127.0.0.1 by default. */
  readonly socketPath?: string | undefined;
  /** Directory of the built page. */
  readonly page: string;
  /** The server ends after this time without a connection that has sent credentials; never by default. */
  readonly idleMs?: number | undefined;
  /** A client that reads nothing of its answer for this time is disconnected; five minutes by default. */
  readonly stalledMs?: number | undefined;
  /** Called with errors that vmlet did not throw on purpose. */
  readonly onDefect: (error: unknown) => void;
}

const HEADERS_MS = 10_000;
const CHECKING_MS = 1000;
const KEEP_ALIVE_MS = 5000;
const MOST_CONNECTIONS = 512;
/** The kernel may buffer megabytes and take more only when a third is read: a slow client looks stalled meanwhile. */
const STALLED_MS = 5 * 60_000;

/** The server of `vmlet ui`. */
export class UiServer implements AsyncDisposable {
  readonly credentials = new Credentials();
  /** Settles when it has been idle for long enough; rejects when its socket fails. */
  readonly idle: Promise<void>;
  /** Undefined on a unix socket. */
  readonly port: number | undefined;
  readonly #http: Server;
  readonly #services: Services;
  readonly #upgrades: Upgrades;
  readonly #page: PageFiles;
  readonly #ending: AbortController;
  readonly #requests = new Set<Promise<void>>();
  readonly #strangers = new Strangers();
  readonly #connections: Connections;

  /** Starts a server. @throws the errors of listening. */
  static async start(options: UiServerOptions): Promise<UiServer> {
    const { socketPath, stalledMs = STALLED_MS } = options;
    const http = createServer({
      headersTimeout: HEADERS_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // Else slow headers would have up to twice their time.
      connectionsCheckingInterval: CHECKING_MS,
      // An upload may take long; those who read a body limit its time.
      requestTimeout: 0,
    });
    http.maxConnections = MOST_CONNECTIONS;
    http.timeout = stalledMs;
    await listen(http, socketPath);
    return new UiServer(http, options);
  }

  private constructor(http: Server, options: UiServerOptions) {
    const { store, networks = new NetworkStore(), socketPath, page, idleMs, onDefect } = options;
    this.#http = http;
    this.port = socketPath === undefined ? (http.address() as AddressInfo).port : undefined;
    const { credentials } = this;
    const machines = new RunningMachines(store);
    this.#services = {
      store,
      credentials,
      gate: new Gate(credentials, this.port),
      hub: new MachineHub(store, networks, onDefect),
      operations: new Operations(onDefect),
      readings: new StatisticsReadings(store, machines),
      screens: new Screens(machines),
      admit: (connection) => this.#admit(connection),
      onDefect,
    };
    this.#page = new PageFiles(page);
    this.#ending = new AbortController();
    // One listener for each request.
    setMaxListeners(0, this.#ending.signal);
    this.#upgrades = new Upgrades(this.#services, this.#ending.signal, http.timeout);
    const { operations } = this.#services;
    this.#connections = new Connections(idleMs, () => operations.areRunning);
    this.idle = this.#connections.idle;
    operations.onChange(() => this.#connections.restart());
    http.on('error', (error) => this.#connections.fail(error));
    http.on('connection', (connection: Socket) => {
      this.#strangers.add(connection);
      endWhenStalled(connection);
      // One listener for each request that was sent before the answer to the first.
      connection.setMaxListeners(0);
    });
    http.on('upgrade', (request, connection, head) => this.#upgrades.accept(request, connection, head));
    http.on('request', (request, response) => {
      const handled = handleRequest(this.#services, this.#page, request, response, this.#ending.signal);
      this.#requests.add(handled);
      void handled.then(() => this.#requests.delete(handled));
    });
  }

  /** Number of connections, WebSockets included. */
  get connections(): number {
    return this.#strangers.count + this.#connections.open.size;
  }

  /** The shell commands that do what clients have begun and what still runs: the end of the server cancels it. */
  get runningCommands(): readonly string[] {
    const running = this.#services.operations.list().filter(({ state }) => state === 'running');
    return running.map(({ command }) => command);
  }

  /**
   * Returns an address that opens the page once.
   * @param place in the page, such as `/machines/web/screen`; the list by default.
   * @param origin where a forward of the unix socket is reached.
   */
  newAddress(place = '', origin = `http://127.0.0.1:${this.port ?? ''}`): string {
    return `${origin}/#token=${this.credentials.newToken()}${place}`;
  }

  /** From its first credentials on, a connection keeps the server in use. */
  #admit(connection: Duplex): void {
    if (this.#strangers.delete(connection)) this.#connections.add(connection);
  }

  /** Ends every connection, cancels every operation, and waits for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#connections.stop();
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#ending.abort(new Error('the server ends'));
    await this.#upgrades.close();
    await this.#services.operations.close();
    await this.#services.hub.close();
    this.#http.closeAllConnections();
    await Promise.all(this.#requests);
    await closed;
  }
}

/** The time limit of a socket begins again when the kernel takes some of its data. */
function endWhenStalled(connection: Socket): void {
  connection.on('timeout', () => {
    // A stream of events or a log may have nothing to send.
    if (connection.writableLength > 0) connection.destroy();
  });
}

async function listen(http: Server, socketPath: string | undefined): Promise<void> {
  const listening = deferred<undefined>();
  http.once('error', listening.reject);
  http.once('listening', () => listening.resolve(undefined));
  if (socketPath === undefined) http.listen(0, '127.0.0.1');
  else {
    // The directory is closed to others, until the mode is set.
    http.listen(socketPath);
  }
  await listening.promise;
  http.off('error', listening.reject);
  if (socketPath !== undefined) chmodSync(socketPath, 0o600);
}
