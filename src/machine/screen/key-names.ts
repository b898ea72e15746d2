import type { SendKeyKeysQcodeData } from '../../qmp/index.ts';

/** QEMU's name of a key, by its position on the keyboard and independent of the guest's layout. */
export type KeyName = SendKeyKeysQcodeData;

const letters = Array.from('abcdefghijklmnopqrstuvwxyz') as KeyName[];
const digits = Array.from('0123456789');
const functionKeys = Array.from({ length: 24 }, (_, index) => `f${index + 1}`) as KeyName[];
const keypadDigits = digits.map((digit) => `kp_${digit}`) as KeyName[];

const others = `
  shift shift_r alt alt_r ctrl ctrl_r meta_l meta_r menu compose
  esc tab caps_lock backspace ret spc insert delete home end pgup pgdn left right up down
  print sysrq scroll_lock pause num_lock
  minus equal bracket_left bracket_right semicolon apostrophe grave_accent backslash comma dot slash less asterisk
  kp_divide kp_multiply kp_subtract kp_add kp_enter kp_decimal kp_comma kp_equals
  stop again props undo front copy open paste find cut lf help
  ro hiragana henkan yen muhenkan katakanahiragana lang1 lang2
  power sleep wake audionext audioprev audiostop audioplay audiomute volumeup volumedown mediaselect
  mail calculator computer ac_home ac_back ac_forward ac_refresh ac_bookmarks`;

/** The keys of QEMU 8 and newer (QKeyCode in its schema). */
export const keyNames: readonly KeyName[] = [
  ...letters,
  ...(digits as KeyName[]),
  ...functionKeys,
  ...keypadDigits,
  ...(others.trim().split(/\s+/) as KeyName[]),
];

/**
 * Aliases: common names, and Linux's (KEY_… in its input-event-codes.h), which `virsh send-key` uses, without
 * their `KEY_`.
 */
export const keyAliases: ReadonlyMap<string, KeyName> = new Map<string, KeyName>([
  ['enter', 'ret'],
  ['return', 'ret'],
  ['escape', 'esc'],
  ['space', 'spc'],
  ['del', 'delete'],
  ['ins', 'insert'],
  ['bksp', 'backspace'],
  ['bs', 'backspace'],
  ['pageup', 'pgup'],
  ['page_up', 'pgup'],
  ['pagedown', 'pgdn'],
  ['page_down', 'pgdn'],
  ['pgdown', 'pgdn'],
  ['control', 'ctrl'],
  ['leftctrl', 'ctrl'],
  ['ctrl_l', 'ctrl'],
  ['rightctrl', 'ctrl_r'],
  ['leftshift', 'shift'],
  ['shift_l', 'shift'],
  ['rightshift', 'shift_r'],
  ['leftalt', 'alt'],
  ['alt_l', 'alt'],
  ['rightalt', 'alt_r'],
  ['altgr', 'alt_r'],
  ['meta', 'meta_l'],
  ['super', 'meta_l'],
  ['win', 'meta_l'],
  ['windows', 'meta_l'],
  ['leftmeta', 'meta_l'],
  ['rightmeta', 'meta_r'],
  ['leftbrace', 'bracket_left'],
  ['rightbrace', 'bracket_right'],
  ['grave', 'grave_accent'],
  ['backtick', 'grave_accent'],
  ['period', 'dot'],
  ['quote', 'apostrophe'],
  ['102nd', 'less'],
  ['capslock', 'caps_lock'],
  ['numlock', 'num_lock'],
  ['scrolllock', 'scroll_lock'],
  ['printscreen', 'print'],
  ['prtsc', 'print'],
  ['break', 'pause'],
  ['kpasterisk', 'kp_multiply'],
  ['kpslash', 'kp_divide'],
  ['kpminus', 'kp_subtract'],
  ['kpplus', 'kp_add'],
  ['kpdot', 'kp_decimal'],
  ['kpenter', 'kp_enter'],
  ['kpcomma', 'kp_comma'],
  ['kpequal', 'kp_equals'],
  ...digits.map((digit) => [`kp${digit}`, `kp_${digit}`] as [string, KeyName]),
  ['mute', 'audiomute'],
]);

/** Characters of a US keyboard without and with Shift, and the key. */
const usKeys: readonly (readonly [plain: string, shifted: string, key: KeyName])[] = [
  ...letters.map((letter) => [letter, letter.toUpperCase(), letter] as const),
  ...digits.map((digit, index) => [digit, ')!@#$%^&*('[index] ?? '', digit as KeyName] as const),
  ['-', '_', 'minus'],
  ['=', '+', 'equal'],
  ['[', '{', 'bracket_left'],
  [']', '}', 'bracket_right'],
  [';', ':', 'semicolon'],
  ["'", '"', 'apostrophe'],
  ['`', '~', 'grave_accent'],
  ['\\', '|', 'backslash'],
  [',', '<', 'comma'],
  ['.', '>', 'dot'],
  ['/', '?', 'slash'],
];

/** The keys of a US keyboard that produce each character. */
export const usCharacters: ReadonlyMap<string, readonly KeyName[]> = new Map<string, readonly KeyName[]>([
  ...usKeys.map(([plain, , key]) => [plain, [key]] as const),
  ...usKeys.map(([, shifted, key]) => [shifted, ['shift', key]] as const),
  [' ', ['spc']],
  ['\n', ['ret']],
  ['\t', ['tab']],
]);
