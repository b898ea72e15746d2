import type { MachineStore } from '../../../machines/index.ts';
import { pause } from '../../../util/time/pause.ts';
import { recordOf } from '../../look/ls.ts';

/** A machine's entry in the list, or a name that is gone. */
export type MachineChange =
  | { readonly kind: 'machine'; readonly machine: object }
  | { readonly kind: 'removed'; readonly name: string };

/** After an error, such as too many open files. */
const AGAIN_MS = 5000;

interface Known {
  readonly record: object;
  readonly json: string;
}

/** The list of machines for all clients that follow it. Reads nothing while there is none. */
export class MachineHub {
  readonly #store: MachineStore;
  readonly #onDefect: (error: unknown) => void;
  readonly #listeners = new Set<(change: MachineChange) => void>();
  readonly #known = new Map<string, Known>();
  #following: { readonly stop: AbortController; readonly stopped: Promise<void> } | undefined;

  constructor(store: MachineStore, onDefect: (error: unknown) => void) {
    this.#store = store;
    this.#onDefect = onDefect;
  }

  /** The machines by name, for a client that has just subscribed. */
  list(): object[] {
    return [...this.#known].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, { record }]) => record);
  }

  /** Calls back for every change from now on, until the returned function is called. */
  subscribe(listener: (change: MachineChange) => void): () => void {
    if (this.#listeners.size === 0) this.#begin();
    this.#listeners.add(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end();
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    const following = this.#following;
    this.#end();
    await following?.stopped;
  }

  #begin(): void {
    this.#known.clear();
    for (const machine of this.#store.list()) this.#remember(machine.name, recordOf(machine));
    const stop = new AbortController();
    this.#following = { stop, stopped: this.#follow(stop.signal) };
  }

  #end(): void {
    this.#following?.stop.abort();
    this.#following = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        for await (const names of this.#store.changes({ signal })) for (const name of names) this.#look(name);
      } catch (error) {
        if (signal.aborted) return;
        this.#onDefect(error);
        // The next begins with all machines: nothing is missed.
        await pause(AGAIN_MS, signal).catch(() => undefined);
      }
    }
  }

  #look(name: string): void {
    const machine = this.#store.look(name);
    if (machine === undefined) {
      if (this.#known.delete(name)) this.#tell({ kind: 'removed', name });
      return;
    }
    const record = recordOf(machine);
    if (this.#remember(name, record)) this.#tell({ kind: 'machine', machine: record });
  }

  /** True if the record is new. */
  #remember(name: string, record: object): boolean {
    const json = JSON.stringify(record);
    if (this.#known.get(name)?.json === json) return false;
    this.#known.set(name, { record, json });
    return true;
  }

  #tell(change: MachineChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
