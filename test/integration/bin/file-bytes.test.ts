import { closeSync, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FileBytes } from '../../../src/bin/file-bytes.ts';
import { makeTemporaryDirectory } from '../../directory.ts';

const SIZE = 64 * 2 ** 20;
let directory: ReturnType<typeof makeTemporaryDirectory>;
let file: number;
beforeEach(() => {
  directory = makeTemporaryDirectory();
  writeFileSync(join(directory.path, 'file'), 'text');
  file = openSync(join(directory.path, 'file'), 'r');
});
afterEach(() => {
  closeSync(file);
  directory.remove();
});

/** Resident bytes of this process. */
const resident = (): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;

it('reads a file between a head and a tail', () => {
  using source = new FileBytes(file, 4, Buffer.from('<'), Buffer.from('/>'));
  expect(source.bytes.toString('latin1')).toBe('<text/>');
});

it('throws if the file is shorter than its size', () => {
  expect(() => new FileBytes(file, 5)).toThrow('the file became shorter while it was read');
});

it('returns its memory to the system at once', () => {
  truncateSync(join(directory.path, 'file'), SIZE);
  const before = resident();
  const source = new FileBytes(file, SIZE);
  expect(resident() - before).toBeGreaterThan(SIZE / 2);
  source[Symbol.dispose]();
  expect(resident() - before).toBeLessThan(SIZE / 2);
  expect(source.bytes).toHaveLength(0);
});
