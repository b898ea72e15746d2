import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { outputUntilGone } from '../../../../src/process/output/orphaned-output.ts';

test('output of a program that keeps running is discarded', async () => {
  const [pieces, bytes] = [8000, 64 * 1024];
  let made = 0;
  const output = new Readable({
    read() {
      this.push(made++ < pieces ? Buffer.alloc(bytes, 1) : null);
    },
  });
  const before = process.memoryUsage().arrayBuffers;
  let read = 0;
  for await (const piece of outputUntilGone(output, new Promise(() => undefined))) read += piece.length;
  expect(read).toBe(pieces * bytes);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(read / 2);
});
