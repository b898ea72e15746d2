type Callback = (reason: unknown) => void;

const watched = new WeakMap<AbortSignal, Set<Callback>>();

/**
 * Calls back once when `signal` aborts. However many wait on one signal, it gets one listener: Node warns of a
 * leak at the eleventh.
 * @returns the function that stops waiting.
 */
export function onAbort(signal: AbortSignal, callback: Callback): () => void {
  const known = watched.get(signal);
  const callbacks = known ?? new Set<Callback>();
  callbacks.add(callback);
  if (!known) {
    watched.set(signal, callbacks);
    signal.addEventListener('abort', notify, { once: true });
  }
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
