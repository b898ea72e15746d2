import { once } from 'node:events';
import { Socket } from 'node:net';
import { isSystemError } from '../../errors/index.ts';
import type { Scope } from '../../util/scope.ts';
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

/** Returns the links of a machine's cards. QEMU listens for each, so that it has to connect to nothing. */
export function cardLinks(
  { cards, directory, wiring }: Pick<Plan, 'cards' | 'directory' | 'wiring'>,
  scope: Scope,
): CardLink[] {
  if (wiring.cards === 'none') return [];
  return cards.map((_, index) => dialledLink(cardSocket(directory, index), scope));
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
        if (closing.signal.aborted) close();
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
