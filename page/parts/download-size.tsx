import { useEffect, useRef, useState } from 'preact/hooks';
import { get, problemOf } from '../api/client.ts';
import type { Published } from '../api/types.ts';
import { bytes } from './format.ts';

/** The size of an image that is not on this host. Only its publisher knows it, who is not asked unless the user wants it. */
export function DownloadSize({ reference }: { readonly reference: string }) {
  const [answer, setAnswer] = useState('');
  const asking = useRef<AbortController>(undefined);
  useEffect(() => () => asking.current?.abort(), []);
  const ask = async (): Promise<void> => {
    asking.current?.abort();
    const { signal } = (asking.current = new AbortController());
    setAnswer('asking the publisher …');
    try {
      const path = `/v1/catalogue/${encodeURIComponent(reference)}`;
      setAnswer(describe((await get<{ image: Published }>(path, signal)).image));
    } catch (error) {
      if (!signal.aborted) setAnswer(`size unknown: ${problemOf(error).message}`);
    }
  };
  return (
    <>
      <button type="button" title="Asks the server of its publisher" onClick={() => void ask()}>
        Show download size
      </button>
      <span class="faint" role="status">
        {answer}
      </span>
    </>
  );
}

function describe({ url, bytes: size }: Published): string {
  const { host } = new URL(url);
  return size === undefined ? `size unknown: ${host} does not report it` : `${bytes(size)} from ${host}`;
}
