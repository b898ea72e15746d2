import { useRef, useState } from 'preact/hooks';

/** A question that is open. */
export interface Asked<T> {
  readonly about: T;
  /** Each question has a dialog of its own, even the same one asked again. */
  readonly key: number;
  readonly close: () => void;
}

/**
 * Returns the open question, and the function that asks one. The browser reports a closed dialog some time later: another
 * may be open by then, and stays.
 */
export function useAsked<T>(): [asked: Asked<T> | undefined, ask: (about: T) => void] {
  const [asked, setAsked] = useState<Asked<T>>();
  const count = useRef(0);
  const ask = (about: T): void => {
    const question: Asked<T> = {
      about,
      key: ++count.current,
      close: () => setAsked((open) => (open === question ? undefined : open)),
    };
    setAsked(question);
  };
  return [asked, ask];
}
