import { StringDecoder } from 'node:string_decoder';

/** Returns a parser for the output of qemu-img -p, which repeats "    (12.34/100%)\r". */
export function progressReader(
  onProgress: ((fraction: number) => void) | undefined,
): (chunk: Uint8Array) => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (chunk) => {
    rest += decoder.write(Buffer.from(chunk));
    for (const [, percent] of rest.matchAll(/\(([\d.]+)\/100%\)/g)) {
      onProgress?.(Math.min(1, Number(percent) / 100));
    }
    rest = rest.slice(rest.lastIndexOf(')') + 1);
  };
}
