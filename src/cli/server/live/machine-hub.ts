import type { MachineStore, NetworkStore } from '../../../machines/index.ts';
import { pause } from '../../../util/time/pause.ts';
import { recordOf } from '../../look/ls.ts';

/** A machine's entry in the list, a name that is gone, or networks that may be different. */
export type Change =
  | { readonly kind: 'machine'; readonly machine: object }
  | { readonly kind: 'removed'; readonly name: string }
  | { readonly kind: 'networks'; readonly names: readonly string[] };

/** After an error, such as too many open files. */
const AGAIN_MS = 5000;

interface Known {
  readonly record: object;
  readonly json: string;
}

/** The list of machines, and changes of networks, for all clients that follow it. Reads nothing while there is none. */
export class MachineHub {
  readonly #store: MachineStore;
  readonly #networks: NetworkStore;
  readonly #onDefect: (error: unknown) => void;
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #known = new Map<string, Known>();
  #following: { readonly stop: AbortController; readonly stopped: Promise<void> } | undefined;

  constructor(store: MachineStore, networks: NetworkStore, onDefect: (error: unknown) => void) {
    this.#store = store;
    this.#networks = networks;
    this.#onDefect = onDefect;
  }

  /** The machines by name, for a client that has just subscribed. */
  list(): object[] {
    return [...this.#known].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, { record }]) => record);
  }

  /** Calls back for every change from now on, until the returned function is called. */
  subscribe(listener: (change: Change) => void): () => void {
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
    await Promise.all([this.#followMachines(signal), this.#followNetworks(signal)]);
  }

  async #followMachines(signal: AbortSignal): Promise<void> {
    // After an error, the next begins with all machines: nothing is missed.
    await this.#again(signal, async () => {
      for await (const names of this.#store.changes({ signal })) for (const name of names) this.#look(name);
    });
  }

  async #followNetworks(signal: AbortSignal): Promise<void> {
    await this.#again(signal, async () => {
      for await (const names of this.#networks.changes({ signal })) this.#tell({ kind: 'networks', names });
    });
  }

  async #again(signal: AbortSignal, follow: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        await follow();
      } catch (error) {
        if (signal.aborted) return;
        this.#onDefect(error);
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

  #tell(change: Change): void {
    for (const listener of this.#listeners) listener(change);
  }
}
