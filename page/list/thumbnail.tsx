import { useEffect, useState } from 'preact/hooks';
import { machinePath, request } from '../api/client.ts';
import { samplesOf } from '../state/curves.ts';
import { EVERY_MS, PicturePace } from './picture-pace.ts';

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
      const pace = new PicturePace();
      let shown: string | undefined;
      while (!stop.signal.aborted) {
        if (!document.hidden && pace.isDue(samplesOf(name).value.at(-1)?.processor ?? 0)) {
          const taken = await take(name, stop.signal);
          if (!taken || taken.tag !== shown) show(taken && URL.createObjectURL(taken.picture));
          shown = taken?.tag;
          pace.took(shown);
        }
        await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
        pace.waited(EVERY_MS);
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

interface Taken {
  readonly picture: Blob;
  /** The same for the same picture. */
  readonly tag: string;
}

async function take(name: string, signal: AbortSignal): Promise<Taken | undefined> {
  try {
    const answer = await request(machinePath(name, 'screen.png'), { signal });
    return { picture: await answer.blob(), tag: answer.headers.get('etag') ?? '' };
  } catch {
    // The machine has ended, its guest has not shown anything yet, or the answer was cut off: the next attempt may succeed.
    return undefined;
  }
}
