import { Fault } from './fault.ts';

/** The faults of one kind that a machine has, begun and ended one at a time. */
export class ActiveFaults<Settings> {
  readonly #settle: (active: readonly Settings[]) => Promise<void>;
  #active: readonly { readonly settings: Settings }[] = [];
  #last: Promise<unknown> = Promise.resolve();

  /** @param settle makes the machine have these faults and no others of the kind; oldest first, so that later ones win. */
  constructor(settle: (active: readonly Settings[]) => Promise<void>) {
    this.#settle = settle;
  }

  /** Throws what `settle` does; the machine has the faults of before then. */
  async begin(settings: Settings): Promise<Fault> {
    const one = { settings };
    await this.#inOrder(async () => {
      const before = this.#active;
      try {
        await this.#become([...before, one]);
      } catch (error) {
        // Half of it may have been done; why that cannot be undone says less than the first failure.
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
