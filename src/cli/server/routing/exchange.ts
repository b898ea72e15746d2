import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { MachineStore } from '../../../machines/index.ts';
import type { Credentials } from '../access/credentials.ts';
import type { Gate } from '../access/gate.ts';
import type { EventSources } from '../live/event-feed.ts';
import type { Screens } from '../live/screens.ts';

/** The sources of every answer of one server. */
export interface Services extends EventSources {
  readonly store: MachineStore;
  readonly screens: Screens;
  readonly credentials: Credentials;
  readonly gate: Gate;
  /** Called with a connection that has sent valid credentials. */
  readonly admit: (connection: Duplex) => void;
}

/** One request, and the answer that it waits for. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Parts of the path, by their names in the route. */
  readonly parts: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly services: Services;
  /** Aborts when the client disconnects, and when the server ends. */
  readonly signal: AbortSignal;
}
