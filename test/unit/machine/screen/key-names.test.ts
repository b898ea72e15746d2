import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { keysOfText, parseKeys } from '../../../../src/machine/screen/keys.ts';
import { packageFile } from '../../../../src/util/package-file.ts';

const ROWS = [
  ['`1234567890-=', '~!@#$%^&*()_+', 'grave_accent 1 2 3 4 5 6 7 8 9 0 minus equal'],
  ['qwertyuiop[]\\', 'QWERTYUIOP{}|', 'q w e r t y u i o p bracket_left bracket_right backslash'],
  ["asdfghjkl;'", 'ASDFGHJKL:"', 'a s d f g h j k l semicolon apostrophe'],
  ['zxcvbnm,./', 'ZXCVBNM<>?', 'z x c v b n m comma dot slash'],
] as const;

describe('a US keyboard', () => {
  it.each(ROWS)('has the row %s', (plain, shifted, keys) => {
    expect(keysOfText(plain)).toEqual(keys.split(' ').map((key) => [key]));
    expect(keysOfText(shifted)).toEqual(keys.split(' ').map((key) => ['shift', key]));
  });

  it('has a space, Tab and Enter', () => {
    expect(keysOfText(' \t\n')).toEqual([['spc'], ['tab'], ['ret']]);
  });
});

it('knows the keys of QEMU’s schema', () => {
  const types = readFileSync(packageFile('src/qmp/protocol/protocol.gen.ts'), 'utf8');
  const union = /^export type SendKeyKeysQcodeData = (.*);$/m.exec(types)?.[1] ?? '';
  const names = union
    .split(' | ')
    .map((name) => name.slice(1, -1))
    .filter((name) => name !== 'unmapped');
  expect(names.length).toBeGreaterThan(140);
  for (const name of names) expect(parseKeys(name)).toEqual([name]);
});

it.each([
  ['ret', 'enter return'],
  ['esc', 'escape'],
  ['spc', 'space'],
  ['delete', 'del'],
  ['insert', 'ins'],
  ['backspace', 'bksp bs'],
  ['pgup', 'pageup page_up'],
  ['pgdn', 'pagedown page_down pgdown'],
  ['ctrl', 'control leftctrl ctrl_l'],
  ['ctrl_r', 'rightctrl'],
  ['shift', 'leftshift shift_l'],
  ['shift_r', 'rightshift'],
  ['alt', 'leftalt alt_l'],
  ['alt_r', 'rightalt altgr'],
  ['meta_l', 'meta super win windows leftmeta'],
  ['meta_r', 'rightmeta'],
  ['bracket_left', 'leftbrace ['],
  ['bracket_right', 'rightbrace ]'],
  ['grave_accent', 'grave backtick `'],
  ['dot', 'period .'],
  ['apostrophe', "quote '"],
  ['less', '102nd'],
  ['caps_lock', 'capslock'],
  ['num_lock', 'numlock'],
  ['scroll_lock', 'scrolllock'],
  ['print', 'printscreen prtsc'],
  ['pause', 'break'],
  ['kp_multiply', 'kpasterisk'],
  ['kp_divide', 'kpslash'],
  ['kp_subtract', 'kpminus'],
  ['kp_add', 'kpplus'],
  ['kp_decimal', 'kpdot'],
  ['kp_enter', 'kpenter'],
  ['kp_comma', 'kpcomma'],
  ['kp_equals', 'kpequal'],
  ['kp_0', 'kp0'],
  ['kp_9', 'kp9'],
  ['audiomute', 'mute'],
])('%s has the alias %s, with or without Linux’s prefix KEY_', (key, aliases) => {
  for (const alias of aliases.split(' ')) {
    expect(parseKeys(alias)).toEqual([key]);
    if (/^\w+$/.test(alias)) expect(parseKeys(`KEY_${alias.toUpperCase()}`)).toEqual([key]);
  }
});
