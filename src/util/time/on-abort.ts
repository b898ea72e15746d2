type Callback = (reason: unknown) => void;

const watched = new WeakMap<AbortSignal, Set<Callback>>();

/**
 * Calls back once when `signal` aborts. Uses one listener for each signal, no matter how many callbacks: Node
 * warns of a leak at the eleventh listener.
 * @returns a function that removes the callback.
 */
export function onAbort(signal: AbortSignal, callback: Callback): () => void {
  const callbacks = watched.get(signal) ?? new Set();
  watched.set(signal, callbacks.add(callback));
  // A signal has the same listener only once.
  signal.addEventListener('abort', notify, { once: true });
  return () => {
    callbacks.delete(callback);
    if (callbacks.size > 0 || watched.get(signal) !== callbacks) return;
    watched.delete(signal);
    signal.removeEventListener('abort', notify);
  };
}

function notify(this: AbortSignal): void {
  const callbacks = watched.get(this) ?? [];
  watched.delete(this);
  for (const callback of callbacks) callback(this.reason);
}
