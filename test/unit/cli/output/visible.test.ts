import { expect, test } from 'vitest';
import { printableLine, visibleJson, visibleText } from '../../../../src/cli/output/printable.ts';

/** Each text with its visible form. */
const UNSEEN: readonly (readonly [what: string, character: string, shown: string])[] = [
  ['a line feed', '\n', '\\n'],
  ['a carriage return', '\r', '\\r'],
  ['a tab', '\t', '\\t'],
  ['NUL', '\0', '\\x00'],
  ['an escape', '\x1b', '\\x1b'],
  ['a delete', '\x7f', '\\x7f'],
  ['next line (C1)', '\x85', '\\x85'],
  ['a control sequence (C1)', '\x9b', '\\x9b'],
  ['a soft hyphen', '\xad', '\\xad'],
  ['an Arabic letter mark', '\u061c', '\\u{61c}'],
  ['a zero-width space', '\u200b', '\\u{200b}'],
  ['a zero-width joiner', '\u200d', '\\u{200d}'],
  ['a left-to-right mark', '\u200e', '\\u{200e}'],
  ['a right-to-left mark', '\u200f', '\\u{200f}'],
  ['a line separator', '\u2028', '\\u{2028}'],
  ['a paragraph separator', '\u2029', '\\u{2029}'],
  ['an embedding', '\u202a', '\\u{202a}'],
  ['a right-to-left override', '\u202e', '\\u{202e}'],
  ['a word joiner', '\u2060', '\\u{2060}'],
  ['an isolate', '\u2066', '\\u{2066}'],
  ['the end of an isolate', '\u2069', '\\u{2069}'],
  ['a byte order mark', '\ufeff', '\\u{feff}'],
  ['a tag', '\u{e0041}', '\\u{e0041}'],
  ['half of a surrogate pair', '\ud800', '\\u{d800}'],
];

test.each(UNSEEN)('%s is made visible', (_, character, shown) => {
  expect(visibleText(`a${character}b${character}`)).toBe(`a${shown}b${shown}`);
});

test.each(['', 'plain', 'ü€😀', '日本語', 'עברית', 'العربية', '\\n', 'a b'])('%j is unchanged', (text) => {
  expect(visibleText(text)).toBe(text);
  expect(visibleJson(text)).toBe(text);
});

test('JSON keeps its meaning, and contains no control characters but line breaks', () => {
  const value = Object.fromEntries(
    UNSEEN.map(([what, character]) => [`${what}${character}`, `ü${character}😀`]),
  );
  for (const indent of [undefined, 2]) {
    const text = visibleJson(JSON.stringify(value, null, indent));
    expect(JSON.parse(text)).toEqual(value);
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(text).toContain('ü');
  }
});

test('a line of guest output is reduced to visible text', () => {
  expect(printableLine('\u001b[31mroot\u202etxt\r\u0085\u2028x')).toBe('root\\u{202e}txt\\u{2028}x');
});
