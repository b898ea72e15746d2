/** Characters that are two columns wide: East Asian scripts, full-width forms and punctuation, and emoji (UAX 11). */
const WIDE =
  /^(?:\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|.\u{FE0F}|[\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6])/u;
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Fast path for ordinary text: the other expressions take 10 ms to compile. */
const PLAIN = /^[\x20-\x7e]*$/;
let segmenter: Intl.Segmenter | undefined;

function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Estimates the columns of a text on a terminal. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemesOf(text)) width += widthOf(segment);
  return width;
}

/** Returns the longest prefix that fits into a number of columns. */
export function clipText(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, columns);
  let width = 0;
  for (const { segment, index } of graphemesOf(text)) {
    width += widthOf(segment);
    if (width > columns) return text.slice(0, index);
  }
  return text;
}

function widthOf(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
