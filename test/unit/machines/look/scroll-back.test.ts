import { expect, it } from 'vitest';
import { scrollBackBefore } from '../../../../src/machines/look/scroll-back.ts';

/** Like the reader of a log: its last lines, of which an incomplete one counts. */
const tailOf =
  (log: string) =>
  (lines: number): Buffer =>
    Buffer.from(lines === 0 ? '' : (log.match(/[^\n]*\n|[^\n]+$/g) ?? []).slice(-lines).join(''));

it.each([
  ['nothing has arrived', '', 2, 'two\nthree\n', 'two\nthree\n'],
  ['the output is the end of the log', 'three\n', 2, 'one\ntwo\nthree\n', 'one\ntwo\n'],
  ['the log has more than the output', 'two\n', 2, 'zero\none\ntwo\nthree\nfour\nfive\n', 'zero\none\n'],
  ['the output is longer than the lines', 'two\nthree\nfour\n', 1, 'one\ntwo\nthree\nfour\n', 'one\n'],
  ['the output begins in a line', 'o\nthree', 2, 'one\ntwo\nthree\n', 'one\ntw'],
  ['no lines are wanted', 'two\n', 0, 'one\ntwo\nthree\n', ''],
  ['the log was rotated', 'lost\n', 2, 'one\ntwo\n', ''],
])('when %s', (_, held, lines, log, shown) => {
  expect(scrollBackBefore(Buffer.from(held), lines, tailOf(log)).toString()).toBe(shown);
});
