/** Fast path for ordinary text: the expressions of `widthOf` take 10 ms to compile, and half a millisecond to read. */
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
  if (/^[\p{Mn}\p{Me}\p{Cf}]+$/u.test(grapheme)) return 0;
  return isWide(grapheme) ? 2 : 1;
}

/** East Asian scripts, full-width forms and punctuation, and emoji (UAX 11). */
function isWide(grapheme: string): boolean {
  return /^(?:\p{Script=Han}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Script=Hangul}|\p{Emoji_Presentation}|.\u{FE0F}|[\u3000-\u303E\uFF01-\uFF60\uFFE0-\uFFE6])/u.test(
    grapheme,
  );
}
