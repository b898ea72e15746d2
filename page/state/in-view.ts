import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { watchStatistics } from './server-events.ts';

const inView = new Set<string>();
const tell = new WeakMap<Element, (isVisible: boolean) => void>();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) tell.get(target)?.(isIntersecting);
  },
  { rootMargin: '100px' },
);

/** True while the element of a machine is on the screen; its statistics are read meanwhile. */
export function useInView(name: string, element: RefObject<Element | null>): boolean {
  const [isVisible, setVisible] = useState(false);
  useEffect(() => {
    const watched = element.current;
    if (!watched) return undefined;
    tell.set(watched, (now) => {
      setVisible(now);
      if (now) inView.add(name);
      else inView.delete(name);
      scheduleWatch();
    });
    observer.observe(watched);
    return () => {
      observer.unobserve(watched);
      inView.delete(name);
      scheduleWatch();
    };
  }, [name]);
  return isVisible;
}

let scheduled = false;

/** A scroll changes many rows at once; the server hears of it once. */
function scheduleWatch(): void {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    watchStatistics([...inView].sort());
  }, 100);
}
