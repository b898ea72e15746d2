import type RFB from '@novnc/novnc';

/** A key: its X11 keysym, and the code of its place on the keyboard, which is what QEMU goes by. */
type Key = readonly [keysym: number, code: string];

const CONTROL: Key = [0xffe3, 'ControlLeft'];
const ALT: Key = [0xffe9, 'AltLeft'];

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

/** Presses keys in this order and releases them in the opposite one. */
export function press(rfb: RFB, keys: readonly Key[]): void {
  for (const [keysym, code] of keys) rfb.sendKey(keysym, code, true);
  for (const [keysym, code] of [...keys].reverse()) rfb.sendKey(keysym, code, false);
}

/** Returns the first character that is not on a US keyboard, which has those of ASCII. */
export function untypable(text: string): string | undefined {
  return Array.from(text).find((character) => !/^[\x20-\x7e\n]$/.test(character));
}
