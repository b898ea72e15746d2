import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { keyValueOption, quoteForShell } from '../../../../src/machine/qemu/quote.ts';

describe('quoteForShell', () => {
  it.each(['plain', '', "it's", 'a b', '$HOME', 'a\nb', '"', '\\', 'ü', '*', '~', '-n', '!x', ';'])(
    'quotes %j as one word',
    (word) => {
      const printed = execFileSync('/bin/sh', ['-c', `printf %s ${quoteForShell(word)}`], {
        encoding: 'utf8',
      });
      expect(printed).toBe(word);
    },
  );
});

it.each(['plain', 'a@b%c+d=e:f,g./h-1_2'])('leaves %s unquoted, for readability', (word) => {
  expect(quoteForShell(word)).toBe(word);
});

describe('keyValueOption', () => {
  it('doubles commas and nothing else', () => {
    expect(keyValueOption('socket', { path: '/a,b=c', server: 'on' })).toBe('socket,path=/a,,b=c,server=on');
  });
});
