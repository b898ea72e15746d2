import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { keyAliases, keyNames, usCharacters } from '../../../../src/machine/screen/key-names.ts';
import { keysOfText, parseKeys } from '../../../../src/machine/screen/keys.ts';

function failureOf(work: () => unknown): InvalidInputError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error as InvalidInputError;
  }
  throw new Error('it did not fail');
}

const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index));

describe('combinations', () => {
  test.each([
    ['ctrl-alt-f2', ['ctrl', 'alt', 'f2']],
    ['Ctrl+Alt+Delete', ['ctrl', 'alt', 'delete']],
    ['ENTER', ['ret']],
    ['KEY_LEFTCTRL-KEY_LEFTALT-KEY_DEL', ['ctrl', 'alt', 'delete']],
    ['esc', ['esc']],
    ['PageUp', ['pgup']],
    ['win-r', ['meta_l', 'r']],
    ['ctrl-[', ['ctrl', 'bracket_left']],
    ['shift-minus', ['shift', 'minus']],
    ['kp_7', ['kp_7']],
    ['key_kp7', ['kp_7']],
    ['altgr-7', ['alt_r', '7']],
  ])('%s', (text, chord) => {
    expect(parseKeys(text)).toEqual(chord);
  });

  test('names and aliases are case-insensitive', () => {
    for (const name of keyNames) expect(parseKeys(name.toUpperCase())).toEqual([name]);
    for (const [alias, name] of keyAliases) expect(parseKeys(alias)).toEqual([name]);
    expect(new Set(keyNames).size).toBe(keyNames.length);
    for (const alias of keyAliases.keys()) expect(keyNames).not.toContain(alias);
  });

  test('an unknown name gets similar names as suggestions', () => {
    const error = failureOf(() => parseKeys('ctrl-alt-delte'));
    expect(error.message).toContain('no such key: "delte"');
    expect(error.hint).toContain('delete');
    expect(failureOf(() => parseKeys('ctr-c')).hint).toContain('ctrl');
    expect(failureOf(() => parseKeys('f25')).hint).toMatch(/f2\d?/);
    expect(failureOf(() => parseKeys('entr')).hint).toMatch(/^did you mean \w+, \w+, \w+\?$/);
  });

  test('a character that needs Shift is not a key', () => {
    expect(failureOf(() => parseKeys('ctrl-!')).message).toContain('no such key: "!"');
  });

  test.each(['', 'ctrl-', '-', 'ctrl--c', ' '])('%j has an empty name', (text) => {
    const error = failureOf(() => parseKeys(text));
    expect(error.message).toMatch(/^keys: missing key name/);
    expect(error.hint).toContain('shift-equal');
  });

  test('spaces around a name are ignored, and KEY_ is only a prefix', () => {
    expect(parseKeys(' ctrl + c ')).toEqual(['ctrl', 'c']);
    expect(failureOf(() => parseKeys('enkey_ter')).message).toContain('no such key');
    expect(failureOf(() => parseKeys('xkey_enter')).message).toBe('keys: no such key: "xkey_enter"');
  });

  test('the maximum number of keys can be pressed together', () => {
    expect(parseKeys('a-b-c-d-e-f-g-h')).toHaveLength(8);
  });

  test('too many keys are rejected', () => {
    const messageOf = (text: string): string => failureOf(() => parseKeys(text)).message;
    expect(messageOf('a-b-a')).toBe('keys: duplicate key a in "a-b-a"');
    expect(messageOf('enter-ret')).toBe('keys: duplicate key ret in "enter-ret"');
    expect(messageOf('a-b-c-d-e-f-g-h-i')).toBe('keys: too many keys in "a-b-c-d-e-f-g-h-i": 9 (limit: 8)');
  });
});

describe('text', () => {
  test('each character is a combination, with Shift if the layout needs it', () => {
    expect(keysOfText('Hi!\n')).toEqual([['shift', 'h'], ['i'], ['shift', '1'], ['ret']]);
    expect(keysOfText('')).toEqual([]);
  });

  test('every printable ASCII character has its own combination', () => {
    const chords = keysOfText(printable.join('')).map((chord) => chord.join('-'));
    expect(chords).toHaveLength(95);
    expect(new Set(chords).size).toBe(95);
    for (const chord of usCharacters.values()) for (const key of chord) expect(keyNames).toContain(key);
  });

  test('text in chunks gives the same keys as the whole', () => {
    // A fixed generator, so that a failure can be repeated.
    let state = 12345;
    const random = (below: number): number => {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      return state % below;
    };
    for (let round = 0; round < 200; round++) {
      const text = Array.from({ length: random(40) }, () => printable[random(95)]).join('');
      const cut = random(text.length + 1);
      expect([...keysOfText(text.slice(0, cut)), ...keysOfText(text.slice(cut))]).toEqual(keysOfText(text));
    }
  });

  test.each([
    ['aä', 2, '"ä" (U+00E4)'],
    ['😀', 1, '"😀" (U+1F600)'],
    ['ok\x07', 3, 'the control character (U+0007)'],
    ['\ud800', 1, 'the control character (U+D800)'],
  ])('%j is rejected, and the character named', (text, position, named) => {
    const error = failureOf(() => keysOfText(text));
    expect(error.message).toBe(`text: character ${position} of the text is not on a US keyboard: ${named}`);
    expect(error.hint).toContain('vmlet exec');
  });
});
