import type RFB from '@novnc/novnc';

/** A key: its X11 keysym, and the code of its place on the keyboard, which is what QEMU goes by. */
type Key = readonly [keysym: number, code: string];

const SHIFT: Key = [0xffe1, 'ShiftLeft'];
const CONTROL: Key = [0xffe3, 'ControlLeft'];
const ALT: Key = [0xffe9, 'AltLeft'];
const ENTER: Key = [0xff0d, 'Enter'];
const SPACE: Key = [0x20, 'Space'];

const functionKey = (number: number): Key => [0xffbd + number, `F${number}`];

/** Combinations that a browser or a desktop keeps for itself: their label, the words of `vmlet sendkey`, and the keys. */
export const COMBINATIONS: readonly (readonly [label: string, words: string, keys: readonly Key[]])[] = [
  ['Ctrl+Alt+Del', 'ctrl-alt-delete', [CONTROL, ALT, [0xffff, 'Delete']]],
  ['Ctrl+Alt+Backspace', 'ctrl-alt-backspace', [CONTROL, ALT, [0xff08, 'Backspace']]],
  ...Array.from(
    { length: 7 },
    (_, at) => [`Ctrl+Alt+F${at + 1}`, `ctrl-alt-f${at + 1}`, [CONTROL, ALT, functionKey(at + 1)]] as const,
  ),
  ['Alt+Tab', 'alt-tab', [ALT, [0xff09, 'Tab']]],
  ['Alt+F4', 'alt-f4', [ALT, functionKey(4)]],
  ['Super', 'meta_l', [[0xffeb, 'MetaLeft']]],
  ['Print screen', 'print', [[0xff61, 'PrintScreen']]],
  ['Escape', 'esc', [[0xff1b, 'Escape']]],
];

const SIGN_CODES =
  'Backquote Minus Equal BracketLeft BracketRight Backslash Semicolon Quote Comma Period Slash'.split(' ');
const SIGNS = "`-=[]\\;',./";
const SHIFTED_SIGNS = '~_+{}|:"<>?';
const SHIFTED_DIGITS = ')!@#$%^&*(';

/** Slower than a guest reads its keyboard, whose controller keeps 16 bytes. */
const PAUSE_MS = 40;

/** Returns the keys that type a character on a US keyboard; undefined if there are none. */
export function keysOf(character: string): readonly Key[] | undefined {
  const keysym = character.charCodeAt(0);
  if (character === '\n') return [ENTER];
  if (character === ' ') return [SPACE];
  if (/^[a-z]$/.test(character)) return [[keysym, `Key${character.toUpperCase()}`]];
  if (/^[A-Z]$/.test(character)) return [SHIFT, [keysym, `Key${character}`]];
  if (/^\d$/.test(character)) return [[keysym, `Digit${character}`]];
  const digit = SHIFTED_DIGITS.indexOf(character);
  if (digit !== -1) return [SHIFT, [keysym, `Digit${digit}`]];
  const plain = SIGN_CODES[SIGNS.indexOf(character)];
  if (plain !== undefined) return [[keysym, plain]];
  const shifted = SIGN_CODES[SHIFTED_SIGNS.indexOf(character)];
  return shifted === undefined ? undefined : [SHIFT, [keysym, shifted]];
}

/** Presses keys in this order and releases them in the opposite one. */
export function press(rfb: RFB, keys: readonly Key[]): void {
  for (const [keysym, code] of keys) rfb.sendKey(keysym, code, true);
  for (const [keysym, code] of [...keys].reverse()) rfb.sendKey(keysym, code, false);
}

/** Types a text at a steady pace, with Shift where a character needs it. */
export async function typeText(rfb: RFB, text: string): Promise<void> {
  for (const character of text) {
    press(rfb, keysOf(character) ?? []);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Returns the first character that is not on a US keyboard. */
export function untypable(text: string): string | undefined {
  return Array.from(text).find((character) => keysOf(character) === undefined);
}
