import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** What nearly every text is made of; expressions with classes of Unicode take 10 ms to get going. */
const PLAIN = /^[\x20-\x7e]*$/;
/**
 * Control characters (C1 and line breaks among them), separators of lines and paragraphs, halves of surrogate pairs, and
 * characters that format: marks of direction, what has no width, tags.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * One line of text, in which characters are shown that would not be seen and could steer a terminal, forge a line or
 * change the order of what is read: as in `a\n`, `\x1b` and `\u{202e}`.
 */
export function visibleText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return SHORT[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
  });
}

/** JSON text that means the same, with the same characters escaped in its strings. Its own line breaks stay. */
export function visibleJson(text: string): string {
  return text.replaceAll(/[^\x00-\x7e]/gu, (character) =>
    character.replaceAll(UNSEEN, () =>
      Array.from({ length: character.length }, (_, at) => unit(character, at)).join(''),
    ),
  );
}

function unit(text: string, at: number): string {
  return `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`;
}

/** What may be the beginning of a line's end or of an escape sequence: its rest is in the next piece. */
const UNFINISHED = /(?:\r+|(?:\u001b\[|\u009b)[0-?]*[ -/]*|\u001b(?:\][^\u0007\u001b\n]*\u001b?)?)$/;
/** What is longer, and has no end, is no sequence. */
const LONGEST_UNFINISHED = 4096;

/**
 * A line that a guest or a program printed, without what it meant for a terminal: a guest must not be able to steer the
 * user's.
 */
export function printableLine(line: string): string {
  return visibleText(withoutSequences(line).replaceAll(/\p{Cc}/gu, ''));
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
