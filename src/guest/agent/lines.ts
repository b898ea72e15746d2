import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are split, in UTF-16 code units. */
const LINE_MAX = 1024 * 1024;

/** Yields the lines of a byte stream as UTF-8, without `\n` or `\r\n`. Lines of more than 1 Mi code units are split. */
export async function* splitLines(stream: Readable): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let partial = '';
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const pieces = (partial + decoder.write(chunk)).split('\n');
    partial = pieces.pop() ?? '';
    for (const piece of pieces) yield withoutReturn(piece);
    if (partial.length >= LINE_MAX) {
      yield partial;
      partial = '';
    }
  }
  partial += decoder.end();
  if (partial !== '') yield withoutReturn(partial);
}

function withoutReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
