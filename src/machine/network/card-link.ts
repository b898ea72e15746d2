import { once } from 'node:events';
import { Socket } from 'node:net';
import { isSystemError } from '../../errors/index.ts';
import { listenForQemu } from '../../passt/qemu-connection.ts';
import type { Scope } from '../../util/scope.ts';
import { deferred } from '../../util/time/deferred.ts';
import { pause } from '../../util/time/pause.ts';
import { cardSocket } from '../paths/directory.ts';
import type { Plan } from '../plan/plan.ts';

/** Carries the frames of one connection of QEMU; resolves once it has ended. */
export type Carrier = (connection: Socket) => Promise<void>;

/** The launcher's end of a card's link. QEMU has one connection at a time, and another one when it has ended. */
export interface CardLink {
  /** Gives each connection to the carrier, beginning with one that has waited for it. Called once. */
  carryBy(carrier: Carrier): void;
}

/** Between attempts to connect to a QEMU that does not listen yet. */
const REDIAL_MS = 20;

/**
 * Opens the links of a machine's cards before its QEMU is started.
 * @throws InvalidInputError for a path that is too long.
 */
export async function openCardLinks(
  { cards, directory, wiring }: Pick<Plan, 'cards' | 'directory' | 'wiring'>,
  scope: Scope,
): Promise<CardLink[]> {
  const { cards: again } = wiring;
  if (again === 'none') return [];
  const paths = cards.map((_, index) => cardSocket(directory, index));
  if (again === 'listens') return paths.map((path) => dialledLink(path, scope));
  return Promise.all(paths.map(async (path) => acceptedLink(path, scope)));
}

async function acceptedLink(path: string, scope: Scope): Promise<CardLink> {
  const carrier = deferred<Carrier>();
  let present: Socket | undefined;
  scope.defer(() => void present?.destroy());
  const server = await listenForQemu(path, scope);
  server.on('connection', (connection) => {
    present?.destroy();
    present = connection;
    ignoreErrors(connection);
    void carrier.promise.then(async (carry) => carry(connection));
  });
  return { carryBy: carrier.resolve };
}

function dialledLink(path: string, scope: Scope): CardLink {
  const closing = new AbortController();
  scope.defer(() => closing.abort());
  const carryAll = async (carry: Carrier): Promise<void> => {
    try {
      for (;;) {
        const connection = await dial(path, closing.signal);
        const close = (): void => void connection.destroy();
        closing.signal.addEventListener('abort', close, { once: true });
        await carry(connection);
        closing.signal.removeEventListener('abort', close);
      }
    } catch (error) {
      if (!closing.signal.aborted) throw error;
    }
  };
  return { carryBy: (carrier) => void carryAll(carrier) };
}

/**
 * Waits until QEMU listens, and returns a connection that Node does not read from.
 * @throws the signal's reason.
 */
async function dial(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    const socket = new Socket();
    ignoreErrors(socket);
    socket.pause();
    try {
      socket.connect(path);
      await once(socket, 'connect', { signal });
      return socket;
    } catch (error) {
      socket.destroy();
      signal.throwIfAborted();
      if (!isSystemError(error)) throw error;
    }
    await pause(REDIAL_MS, signal);
  }
}

/** Carries the frames of a card that is in no network. */
export async function discardFrames(connection: Socket): Promise<void> {
  connection.resume();
  return endOf(connection);
}

/** Resolves when a connection is closed. */
export async function endOf(connection: Socket): Promise<void> {
  if (!connection.closed) await new Promise((resolve) => connection.once('close', resolve));
}

/** A dying QEMU resets the connection; only its end matters. */
function ignoreErrors(connection: Socket): void {
  connection.on('error', () => undefined);
}
