import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { watchStatistics } from './server-events.ts';

const inView = new Set<string>();
/** Those whose guests are asked for the counters of their networks, which wakes them. */
const asked = new Set<string>();
const tell = new WeakMap<Element, (isVisible: boolean) => void>();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) tell.get(target)?.(isIntersecting);
  },
  { rootMargin: '100px' },
);

/**
 * True while the element of a machine is on the screen; its statistics are read meanwhile.
 * @param asksGuest asks an agent in the guest too.
 */
export function useInView(name: string, element: RefObject<Element | null>, asksGuest = false): boolean {
  const [isVisible, setVisible] = useState(false);
  useEffect(() => {
    const watched = element.current;
    if (!watched) return undefined;
    tell.set(watched, (now) => {
      setVisible(now);
      if (now) {
        inView.add(name);
        if (asksGuest) asked.add(name);
      } else forget(name);
      scheduleWatch();
    });
    observer.observe(watched);
    return () => {
      observer.unobserve(watched);
      forget(name);
      scheduleWatch();
    };
  }, [name, asksGuest]);
  return isVisible;
}

function forget(name: string): void {
  inView.delete(name);
  asked.delete(name);
}

/** Seconds between readings: a list has many machines. Only an overview asks its guest. */
const OVERVIEW_S = 2;
const LIST_S = 4;

let scheduled = false;

/** A scroll changes many rows at once; the server hears of it once. */
function scheduleWatch(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    const [stats, guests] = document.hidden ? [[], []] : [[...inView].sort(), [...asked].sort()];
    watchStatistics({ stats, guests, interval: guests.length > 0 ? OVERVIEW_S : LIST_S });
  }, 100);
}

document.addEventListener('visibilitychange', scheduleWatch);
