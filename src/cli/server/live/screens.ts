import { createHash } from 'node:crypto';
import type { MachineStore } from '../../../machines/index.ts';

/** A picture is shared by all clients for this long. */
const FRESH_MS = 2000;
const FORGET_MS = 60_000;

export interface Screen {
  readonly png: Buffer;
  /** The same for the same picture. */
  readonly tag: string;
}

interface Taken {
  readonly at: number;
  /** The run and the state that it shows. */
  readonly of: string;
  readonly screen: Promise<Screen>;
}

/** Pictures of the screens of machines. */
export class Screens {
  readonly #store: MachineStore;
  readonly #taken = new Map<string, Taken>();

  constructor(store: MachineStore) {
    this.#store = store;
  }

  /** Takes a picture, or returns one of the last two seconds; of a paused machine, the last one. @throws as `screenshot` does. */
  async get(name: string): Promise<Screen> {
    const machine = this.#store.get(name);
    const status = machine.status();
    const [state, run] = status.kind === 'running' ? [status.state, status.startedAt.getTime()] : ['', 0];
    const of = `${run} ${state}`;
    const now = performance.now();
    for (const [other, { at }] of this.#taken) if (now - at > FORGET_MS) this.#taken.delete(other);
    const last = this.#taken.get(name);
    const isFresh = last && (now - last.at < FRESH_MS || (state !== 'running' && last.of === of));
    if (isFresh) return last.screen;
    const screen = machine
      .live()
      .screenshot()
      .then((png) => ({
        png,
        tag: `"${createHash('sha256').update(png).digest('base64url').slice(0, 22)}"`,
      }));
    this.#taken.set(name, { at: now, of, screen });
    return screen;
  }
}
