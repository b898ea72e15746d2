import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/errors/index.ts';
import { type ShellValue, composeScript } from '../../../src/testing/guests/shell.ts';

function printed(script: TemplateStringsArray, ...values: ShellValue[]): string {
  return execFileSync('/bin/sh', ['-ec', composeScript(script, values)], { encoding: 'utf8' });
}

describe('a script', () => {
  it.each(['plain', '', "it's", 'a b', '$HOME', 'a\nb', '"', '\\', 'ü', '*', '`id`', '; exit 1'])(
    'has the value %j as one word',
    (value) => {
      expect(printed`printf %s ${value}`).toBe(value);
    },
  );

  it('has an array as several words, and none for an empty one', () => {
    expect(printed`printf '<%s>' ${['a b', 'c', 3]} ${[]} ${4}`).toBe('<a b><c><3><4>');
  });

  it('has a value beside text as part of its word', () => {
    expect(printed`printf '<%s>' /srv/${'a b'}.txt`).toBe('</srv/a b.txt>');
  });

  it('leaves backslashes to the shell, and a backtick or a dollar that needs one', () => {
    expect(printed`printf 'a\tb\n'`).toBe('a\tb\n');
    expect(printed`printf '\`\${x}'`).toBe('`${x}');
  });

  it.each([[undefined], [null], [Number.NaN], [{}], [[['nested']]]])('refuses the value %j', (value) => {
    expect(() => printed`echo ${value as never}`).toThrow(InvalidInputError);
  });
});
