import { describe, expect, test } from 'vitest';
import { RefreshingTable } from '../../../../src/cli/output/refresh.ts';
import { table } from '../../../../src/cli/output/table.ts';
import { visibleText } from '../../../../src/cli/output/printable.ts';
import { clipText, textWidth } from '../../../../src/cli/output/text-width.ts';

test('columns are aligned, numbers to the right, and no line ends in spaces', () => {
  const rows = [
    ['NAME', 'CPU', 'STATE'],
    ['a', '5 %', ''],
    ['longer', '100 %', 'running'],
  ];
  expect(table(rows, { numbers: [1] })).toBe(
    'NAME      CPU  STATE\n' + 'a         5 %\n' + 'longer  100 %  running\n',
  );
});

test('a wide character takes two columns, a combining character none', () => {
  expect(textWidth('abc')).toBe(3);
  expect(textWidth('仮想マシン')).toBe(10);
  expect(textWidth('Ａ')).toBe(2);
  expect(textWidth('é')).toBe(1);
  expect(textWidth('e\u0301')).toBe(1);
  expect(textWidth('🚀')).toBe(2);
  expect(textWidth('👩‍💻')).toBe(2);
  expect(textWidth('✔')).toBe(1);
  const lines = table([
    ['NAME', 'X'],
    ['仮想', '1'],
    ['abcd', '2'],
  ]).split('\n');
  expect(lines).toEqual(['NAME  X', '仮想  1', 'abcd  2', '']);
});

test('clipping never splits a character', () => {
  expect(clipText('abcdef', 4)).toBe('abcd');
  expect(clipText('仮想', 3)).toBe('仮');
  expect(clipText('e\u0301e\u0301', 1)).toBe('e\u0301');
  expect(clipText('abc', 3)).toBe('abc');
});

test('control characters of a guest do not reach the terminal', () => {
  expect(visibleText('a\x1b[2Jb\nc\x9b')).toBe('a\\x1b[2Jb\\nc\\x9b');
  expect(table([['A'], ['x\ny']])).toBe('A\nx\\ny\n');
});

describe('a table that refreshes', () => {
  class Output {
    written: string[] = [];
    readonly isTTY: boolean;
    readonly columns = 10;
    readonly rows = 4;
    constructor(isTTY: boolean) {
      this.isTTY = isTTY;
    }
    write(text: string): boolean {
      this.written.push(text);
      return true;
    }
  }
  const reading = (...names: string[]): { rows: string[][]; records: unknown[] } => ({
    rows: [['NAME'], ...names.map((name) => [name])],
    records: [{ names }],
  });

  test('overwrites itself, and fits the terminal', () => {
    const output = new Output(true);
    const refreshing = new RefreshingTable({}, output);
    refreshing.show(reading('a'));
    refreshing.show(reading('a', 'b', 'c', 'a name that is too long'));
    refreshing.show(reading());
    expect(output.written).toEqual([
      '\x1b[JNAME\na\n',
      '\x1b[2A\r\x1b[JNAME\na\nb\n',
      '\x1b[3A\r\x1b[JNAME\n',
    ]);
    refreshing.show(reading('a name that is too long'));
    expect(output.written.at(-1)).toBe('\x1b[1A\r\x1b[JNAME\na name tha\n');
  });

  test('is appended in a pipe', () => {
    const output = new Output(false);
    const refreshing = new RefreshingTable({}, output);
    refreshing.show(reading('a'));
    refreshing.show(reading('b'));
    expect(output.written).toHaveLength(2);
    expect(output.written.join('')).toMatch(/^[^\x1b]*a[^\x1b]*b[^\x1b]*$/);
  });

  test.each([
    ['in a pipe', new Output(false)],
    ['on a terminal', new Output(true)],
  ])('prints a line of JSON each on request, %s', (_, output) => {
    const refreshing = new RefreshingTable({ json: true }, output);
    refreshing.show(reading('a'));
    refreshing.show(reading('b'));
    expect(output.written).toEqual(['{"names":["a"]}\n', '{"names":["b"]}\n']);
  });
});
