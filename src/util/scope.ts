type Undo = () => void | Promise<void>;

/**
 * Owns resources and releases them in reverse order, even on errors. Node 20 has no AsyncDisposableStack;
 * this is the subset that vmlet needs.
 */
export class Scope implements AsyncDisposable {
  #undos: Undo[] = [];
  #closing: Promise<void> | undefined;

  /** Registers `undo`. A scope that is already closed runs it at once, so that nothing leaks. */
  defer(undo: Undo): void {
    if (this.#closing) {
      this.#closing = this.#closing.then(undo);
      return;
    }
    this.#undos.push(undo);
  }

  /** Moves everything owned so far to a new scope; this one then owns nothing. */
  move(): Scope {
    const successor = new Scope();
    successor.#undos = this.#undos;
    this.#undos = [];
    return successor;
  }

  /**
   * Runs every undo once, last first. A failing undo does not stop the others.
   * @throws the only failure, or an AggregateError of all of them.
   */
  async close(): Promise<void> {
    this.#closing ??= this.#undoAll();
    await this.#closing;
  }

  async #undoAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let undo = this.#undos.pop(); undo; undo = this.#undos.pop()) {
      try {
        await undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) {
      const problems = failures.map((failure) =>
        failure instanceof Error ? failure.message : String(failure),
      );
      throw new AggregateError(failures, `several clean-up steps failed: ${problems.join('; ')}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
