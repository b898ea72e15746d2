import { useLayoutEffect, useState } from 'preact/hooks';

/** A value with listeners. */
export class Observable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  /** Tells the listeners, unless the value is the same. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Returns the function that ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Returns the present value, and renders the component again when it changes. */
export function useValue<T>(observable: Observable<T>): T {
  const [, render] = useState<object>();
  const { value } = observable;
  // With the rendering: an effect after the next frame would miss what changes before it.
  useLayoutEffect(() => {
    // The effect of a child may have set it.
    if (!Object.is(value, observable.value)) render({});
    return observable.listen(() => render({}));
  }, [observable]);
  return value;
}
