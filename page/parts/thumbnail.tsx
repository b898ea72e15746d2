import { useEffect, useState } from 'preact/hooks';
import { machinePath, request } from '../api/client.ts';

const EVERY_MS = 4000;

interface Properties {
  readonly name: string;
  /** Whether it has a screen and runs. */
  readonly live: boolean;
}

/** A small picture of the screen. It is taken only while it is in view. */
export function Thumbnail({ name, live }: Properties) {
  const [picture, setPicture] = useState<string>();
  useEffect(() => {
    if (!live) return undefined;
    const stop = new AbortController();
    let address: string | undefined;
    const show = (next: string | undefined): void => {
      if (address !== undefined) URL.revokeObjectURL(address);
      address = next;
      setPicture(next);
    };
    void (async () => {
      while (!stop.signal.aborted) {
        if (!document.hidden) show(await take(name, stop.signal));
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      }
    })();
    return () => {
      stop.abort();
      show(undefined);
    };
  }, [name, live]);
  if (!live || picture === undefined) return <span class="thumb none" aria-hidden="true" />;
  return <img class="thumb" src={picture} alt="" />;
}

async function take(name: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await request(machinePath(name, 'screen.png'), { signal });
    return URL.createObjectURL(await answer.blob());
  } catch {
    // The machine has ended, its guest has not shown anything yet, or the answer was cut off: the next attempt may succeed.
    return undefined;
  }
}
