import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';

/** Focuses the element when a rendering of the component removed or disabled the one that had the focus. */
export function useKeptFocus(element: RefObject<HTMLElement | null>): void {
  const before = document.activeElement;
  useLayoutEffect(() => {
    if (before && (!before.isConnected || before.matches(':disabled'))) element.current?.focus();
  });
}
