import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLog } from '../../../../src/machine/logs/log-file.ts';
import { endOfLog } from '../../../../src/machine/logs/log-generations.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

function read(path: string, from: ReturnType<typeof endOfLog>): string {
  return Buffer.concat([...readLog(path, { from })]).toString();
}

test('a log is read from a saved position through renames', () => {
  const path = join(directory, 'log');
  const atFirst = endOfLog(path);
  writeFileSync(path, 'old ');
  const later = endOfLog(path);
  expect(read(path, later)).toBe('');
  appendFileSync(path, 'new ');
  expect(read(path, later)).toBe('new ');
  expect(read(path, atFirst)).toBe('old new ');
  renameSync(path, `${path}.1`);
  expect(read(path, later)).toBe('new ');
  writeFileSync(path, 'newer');
  expect(read(path, later)).toBe('new newer');
  writeFileSync(`${path}.2`, 'between ');
  renameSync(`${path}.2`, `${path}.1`);
  expect(read(path, later)).toBe('between newer');
});
