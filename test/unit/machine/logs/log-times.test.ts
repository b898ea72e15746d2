import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readLog } from '../../../../src/machine/logs/log-file.ts';
import { type TimeSpan, linesWithin } from '../../../../src/machine/logs/log-times.ts';
import { temporaryDirectory } from '../../../directory.ts';

const folder = temporaryDirectory();
let count = 0;
let log: string;
beforeEach(() => {
  log = join(folder, String(count++), 'serial.log');
  mkdirSync(join(log, '..'));
});

/** Writes a log and its index, from the text written at each time. */
function write(path: string, timesPath: string, ...parts: (readonly [time: number, text: string])[]): void {
  let text = '';
  const entries = parts.map(([time, part]) => {
    const entry = Buffer.alloc(16);
    entry.writeBigUInt64LE(BigInt(Buffer.byteLength(text)), 0);
    entry.writeBigUInt64LE(BigInt(time), 8);
    text += part;
    return entry;
  });
  writeFileSync(path, text);
  writeFileSync(timesPath, Buffer.concat(entries));
}

function read(span: TimeSpan, tailLines?: number): string {
  return Buffer.concat([...readLog(log, { span, tailLines })]).toString();
}

describe('a log with times', () => {
  beforeEach(() => {
    write(`${log}.1`, `${log}.times.1`, [10_000, 'one\ntw'], [20_000, 'o\nthree\n']);
    write(log, `${log}.times`, [30_000, 'four\n'], [40_000, 'five\nsi']);
  });

  it.each([
    [{}, 'one\ntwo\nthree\nfour\nfive\nsi'],
    [{ since: 10_000 }, 'one\ntwo\nthree\nfour\nfive\nsi'],
    [{ since: 20_000 }, 'three\nfour\nfive\nsi'],
    [{ since: 20_500 }, 'three\nfour\nfive\nsi'],
    [{ since: 21_500 }, 'four\nfive\nsi'],
    [{ since: 40_000 }, 'five\nsi'],
    [{ since: 50_000 }, ''],
    [{ until: 5_000 }, ''],
    [{ until: 10_000 }, 'one\ntwo\n'],
    [{ until: 30_000 }, 'one\ntwo\nthree\nfour\n'],
    [{ since: 20_000, until: 30_000 }, 'three\nfour\n'],
  ])('%j', (span, text) => {
    expect(read(span)).toBe(text);
  });

  it('returns the last lines of a time span', () => {
    expect(read({ since: 20_000 }, 2)).toBe('five\nsi');
    expect(read({ since: 50_000 }, 2)).toBe('');
  });
});

it('returns nothing for a time span without an index', () => {
  writeFileSync(log, 'one\n');
  expect(read({ since: 0 })).toBe('');
  expect(read({ until: 0 })).toBe('one\n');
});

it('ignores a truncated entry of the index', () => {
  write(log, `${log}.times`, [10_000, 'one\n'], [20_000, 'two\n']);
  writeFileSync(`${log}.times`, readFileSync(`${log}.times`).subarray(0, 30));
  expect(read({ since: 10_000 })).toBe('one\ntwo\n');
  expect(read({ since: 15_000 })).toBe('');
});

it('a line without a time belongs to the one before it', async () => {
  const pieces = ['1 a\n  mo', 're\n2 b\n', '  more\n3', ' c'].map((text) => Buffer.from(text));
  const timeOf = (line: Buffer): number | undefined =>
    line[0] === 0x20 ? undefined : Number(line.toString().split(' ')[0]);
  const kept = [];
  for await (const piece of linesWithin(pieces, { since: 2, until: 2 }, timeOf)) kept.push(piece);
  expect(Buffer.concat(kept).toString()).toBe('2 b\n  more\n');
});
