import type { Dispatch, StateUpdater } from 'preact/hooks';

interface Properties {
  readonly label: string;
  readonly value: string;
  readonly set: (text: string) => void;
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly type?: 'text' | 'number';
  /** The id of the options that are offered while typing. */
  readonly list?: string;
  /** Whether it is valid, and where it is said. */
  readonly marks?: object;
}

/** A field of a form in one line, below its label. */
export function Field({ label, set, type = 'text', marks, ...input }: Properties) {
  return (
    <label class="field">
      {label}
      <input
        {...input}
        {...marks}
        type={type}
        autocomplete="off"
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
}

/** Returns a function that empties a field once its text was used. The next text may have been typed by then. */
export function clearUsed(set: Dispatch<StateUpdater<string>>, used: string): () => void {
  return () => set((now) => (now === used ? '' : now));
}
