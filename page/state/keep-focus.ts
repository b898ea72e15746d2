const FOCUSABLE =
  'a[href]:not([tabindex="-1"]), button:not(:disabled, [tabindex="-1"]), input:not(:disabled), select, summary, [tabindex="0"]';

/**
 * Moves the focus when its element is removed, or keys would begin at the top of the page again: to the nearest remaining
 * group that has a place for it, such as the list of a removed row, at last to `main`. Returns the function that ends it.
 */
export function keepFocus(main: HTMLElement): () => void {
  let groups: Element[] = [];
  const remember = ({ target }: FocusEvent): void => {
    groups = [];
    for (let at = target as Element | null; at; at = at.parentElement) groups.push(at);
  };
  const observer = new MutationObserver(() => {
    if (document.activeElement !== document.body || groups[0]?.isConnected !== false) return;
    const group = groups.find((one) => one.isConnected);
    const next = group?.closest('ul, tbody, .notices')?.querySelector<HTMLElement>(FOCUSABLE);
    groups = [];
    (next ?? main).focus({ preventScroll: true });
  });
  addEventListener('focusin', remember);
  observer.observe(document.body, { childList: true, subtree: true });
  return () => {
    removeEventListener('focusin', remember);
    observer.disconnect();
  };
}
