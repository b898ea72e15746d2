import { useLayoutEffect, useRef } from 'preact/hooks';
import { machineAddress } from '../state/route.ts';

interface Properties {
  readonly name: string;
  readonly tabs: readonly { readonly id: string; readonly label: string }[];
  /** The one that is shown. */
  readonly tab: string;
}

/** Links to the pages of a machine. In a narrow window the row scrolls to the one that is shown. */
export function TabBar({ name, tabs, tab }: Properties) {
  const bar = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const row = bar.current;
    const link = row?.querySelector<HTMLElement>('[aria-current]');
    if (!row || !link) return;
    // By its own offset: scrollIntoView would move the page too.
    row.scrollLeft = link.offsetLeft - (row.clientWidth - link.offsetWidth) / 2;
  }, [tab]);
  return (
    <nav class="tabs" ref={bar} aria-label={`Pages of ${name}`}>
      {tabs.map(({ id, label }) => (
        <a key={id} href={machineAddress(name, id)} {...(id === tab && { 'aria-current': 'page' as const })}>
          {label}
        </a>
      ))}
    </nav>
  );
}
