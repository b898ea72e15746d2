import { Fault } from './fault.ts';

/** Active faults of one kind on a machine; they begin and end one at a time. */
export class ActiveFaults<Settings> {
  readonly #settle: (active: readonly Settings[]) => Promise<void>;
  #active: readonly { readonly settings: Settings }[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** @param settle applies exactly these faults of the kind to the machine; oldest first, so that later ones win. */
  constructor(settle: (active: readonly Settings[]) => Promise<void>) {
    this.#settle = settle;
  }

  /** Begins a fault. If `settle` throws, the earlier faults are restored and its error is thrown. */
  async begin(settings: Settings): Promise<Fault> {
    const one = { settings };
    await this.#inOrder(async () => {
      const before = this.#active;
      try {
        await this.#become([...before, one]);
      } catch (error) {
        // The change may be partly done; an error of undoing it is less informative than the first.
        await this.#become(before).catch(() => undefined);
        throw error;
      }
    });
    return new Fault(async () =>
      this.#inOrder(async () => {
        if (this.#active.includes(one)) await this.#become(this.#active.filter((other) => other !== one));
      }),
    );
  }

  async endAll(): Promise<void> {
    await this.#inOrder(async () => this.#become([]));
  }

  async #become(active: readonly { readonly settings: Settings }[]): Promise<void> {
    this.#active = active;
    await this.#settle(active.map(({ settings }) => settings));
  }

  async #inOrder(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => undefined);
    await done;
  }
}
