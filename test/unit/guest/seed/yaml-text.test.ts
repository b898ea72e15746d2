import * as yaml from 'yaml';
import { expect, test } from 'vitest';
import { yamlText } from '../../../../src/guest/seed/yaml-text.ts';

const textOf = (value: unknown): string => yamlText(yaml, new yaml.Document(value, { version: '1.1' }));

test.each([
  ['a\u007fb', '"a\\u007fb"'],
  ['a\u0085b', '"a\\u0085b"'],
  ['a\u2028b', '"a\\u2028b"'],
  ['\ufeffa', '"\\ufeffa"'],
  ['a\tb', '"a\\tb"'],
  ['=', '"="'],
  ['<<', '!!str "<<"'],
])('text that PyYAML would misread is quoted: %j', (value, written) => {
  const text = textOf({ value });
  expect(text).toMatch(/^[\n\x20-\x7e]*$/);
  expect(text.replaceAll("'", '"')).toBe(`value: ${written}\n`);
  expect(yaml.parse(text, { version: '1.1' })).toEqual({ value });
});

test('other text is not quoted', () => {
  expect(textOf({ run: ['echo hi\n\techo ho\n'], text: 'é 😀' })).toBe(
    'run:\n  - |\n    echo hi\n    \techo ho\ntext: é 😀\n',
  );
});
