const LONGEST_SEQUENCE = 64;
/** Escape sequences, and control characters that move: the guest's text is shown as text. */
const ESCAPES =
  /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g;

/** A possible start of a line break or escape sequence. */
const UNFINISHED = /(?:(?<!\r)\r+|\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*|[ -/]*))$/;

const MOST_TEXT = 1_000_000;

/** The text of a log that arrives in pieces; its lines end where those of `vmlet logs` do. */
export class LogText {
  #text = '';
  #unfinished = '';

  push(piece: string): void {
    const [whole, unfinished] = splitSequence(this.#unfinished + piece);
    this.#unfinished = unfinished;
    this.#text = lastLines(this.#text + clean(whole));
  }

  get lines(): readonly string[] {
    return this.#text === '' ? [] : this.#text.replace(/\n$/, '').split('\n');
  }
}

/** A lone carriage return ends a line, too. */
function clean(text: string): string {
  return text.replace(ESCAPES, '').replace(/\r+(\n?)/g, (run, end: string) => end || '\n'.repeat(run.length));
}

/** Without its other half, in the next piece, an escape sequence would be shown as text. */
function splitSequence(text: string): readonly [whole: string, unfinished: string] {
  const at = text.search(UNFINISHED);
  const isUnfinished = at !== -1 && text.length - at < LONGEST_SEQUENCE;
  return isUnfinished ? [text.slice(0, at), text.slice(at)] : [text, ''];
}

function lastLines(text: string): string {
  return text.length > MOST_TEXT ? text.slice(-MOST_TEXT / 2) : text;
}
