import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type ShellValue, composeScript } from '../../../../src/testing/guests/shell.ts';

function printed(script: TemplateStringsArray, ...values: ShellValue[]): string {
  return execFileSync('/bin/sh', ['-ec', composeScript(script, values)], { encoding: 'utf8' });
}

describe('a script', () => {
  it.each(['plain', '', "it's", 'a b', '$HOME', 'a\nb', '"', '\\', 'ü', '*', '`id`', '; exit 1'])(
    'passes the value %j as one word',
    (value) => {
      expect(printed`printf %s ${value}`).toBe(value);
    },
  );

  it('passes an array as several words, an empty one as none', () => {
    expect(printed`printf '<%s>' ${['a b', 'c', 3]} ${[]} ${4}`).toBe('<a b><c><3><4>');
  });

  it('joins a value and adjacent text into one word', () => {
    expect(printed`printf '<%s>' /srv/${'a b'}.txt`).toBe('</srv/a b.txt>');
  });

  it('keeps backslashes for the shell, and escapes of backticks and dollars', () => {
    expect(printed`printf 'a\tb\n'`).toBe('a\tb\n');
    expect(printed`printf '\`\${x}'`).toBe('`${x}');
  });

  it.each([[undefined], [null], [Number.NaN], [{}], [[['nested']]]])('rejects the value %j', (value) => {
    expect(() => printed`echo ${value as never}`).toThrow(InvalidInputError);
  });
});
