import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** What may be the beginning of a line's end or of an escape sequence: its rest is in the next piece. */
const UNFINISHED = /(?:\r+|(?:\u001b\[|\u009b)[0-?]*[ -/]*|\u001b(?:\][^\u0007\u001b\n]*\u001b?)?)$/;
/** What is longer, and has no end, is no sequence. */
const LONGEST_UNFINISHED = 4096;

/** A guest must not be able to steer the user's terminal by what it prints. */
export function printableLine(line: string): string {
  return withoutSequences(line).replaceAll(/\p{Cc}/gu, '');
}

/** The same for text that comes in pieces: lines and tabs stay, a carriage return alone ends a line too. */
export class PrintableText {
  readonly #decoder = new StringDecoder('utf8');
  #unfinished = '';

  push(bytes: Buffer): string {
    const text = this.#unfinished + this.#decoder.write(bytes);
    const [found = ''] = UNFINISHED.exec(text) ?? [];
    this.#unfinished = found.length > LONGEST_UNFINISHED ? '' : found;
    return clean(text.slice(0, text.length - this.#unfinished.length));
  }

  end(): string {
    return clean(this.#unfinished + this.#decoder.end());
  }
}

function clean(text: string): string {
  return withoutSequences(text)
    .replaceAll(/\r+\n|\r/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '');
}

function withoutSequences(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\u001bc', ''));
}
