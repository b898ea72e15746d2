import { StringDecoder } from 'node:string_decoder';

/** Fast path for ordinary text: expressions with Unicode classes take 10 ms to compile. */
const PLAIN = /^[\x20-\x7e]*$/;
/**
 * Control characters (including C1 and line breaks), line and paragraph separators, lone surrogates and format
 * characters (bidirectional marks, zero-width characters, tags).
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Escapes characters that are invisible, control a terminal, break the line or reorder text, such as `\n`, `\x1b` and
 * `\u{202e}`.
 */
export function visibleText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const hex = code.toString(16);
    return SHORT[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u{${hex}}`);
  });
}

/** Escapes the same characters in JSON strings without changing their value; line breaks between tokens stay. */
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

/** A possible start of a line break or escape sequence that continues in the next chunk. */
const UNFINISHED =
  /(?:(?<!\r)\r+|(?:\u001b\[|\u009b)[0-?]*[ -/]*|\u001b(?:[ -/]+|\][^\u0007\u001b\n]*\u001b?)?)$/;
/** A longer unterminated sequence is treated as text. */
const LONGEST_UNFINISHED = 4096;

/**
 * Removes terminal control from a line of a guest or program: a guest must not control the user's terminal.
 */
export function printableLine(line: string): string {
  return visibleText(withoutSequences(line).replaceAll(/\p{Cc}/gu, ''));
}

/** The same for a stream: lines and tabs stay, and a lone carriage return ends a line. */
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

/** The same for bytes that are complete. */
export function plainText(bytes: Buffer): string {
  const text = new PrintableText();
  return text.push(bytes) + text.end();
}

/** Colours and other looks of text. */
const LOOKS = /(\u001b\[[0-9;:]*m)/;

/**
 * Earlier output for a terminal: looks, carriage returns and backspaces stay. A terminal answers nothing in it, which a
 * guest would read as input.
 */
export function replayedText(bytes: Buffer): string {
  return bytes
    .toString('utf8')
    .split(LOOKS)
    .map((part, index) =>
      part === '' || index % 2 === 1 ? part : withoutSequences(part).replaceAll(/[^\P{Cc}\n\r\t\b]/gu, ''),
    )
    .join('');
}

function clean(text: string): string {
  return withoutSequences(text)
    .replaceAll(/\r+(\n?)/g, (run, end: string) => end || '\n'.repeat(run.length))
    .replaceAll(/[^\P{Cc}\n\t]/gu, '');
}

/**
 * Control sequences and escape sequences of ECMA-48, without those that begin or end a string. Node's expression knows
 * neither intermediate bytes, as in `ESC[!p`, nor numbers of five digits, takes the letter after `ESC7`, and needs
 * quadratic time for hostile text.
 */
const SEQUENCE = /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-OQ-WYZ`-~]/g;

/** Commands of an operating system, such as a title or a link, with their text. */
const OPERATING_SYSTEM_COMMAND = /(?:\u001b\]|\u009d)[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)/g;

function withoutSequences(text: string): string {
  return text.replaceAll(SEQUENCE, '').replaceAll(OPERATING_SYSTEM_COMMAND, '');
}
