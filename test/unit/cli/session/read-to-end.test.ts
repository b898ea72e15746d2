import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readToEnd } from '../../../../src/cli/session/read-to-end.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const never = new AbortController().signal;

it('says once that a stream does not end, and returns all of it afterwards', async () => {
  const stream = new PassThrough();
  const whenSlow = vi.fn();
  const read = readToEnd(stream, never, whenSlow);
  stream.write('one ');
  vi.advanceTimersByTime(2999);
  expect(whenSlow).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  stream.end('two');
  expect((await read).toString()).toBe('one two');
  expect(whenSlow).toHaveBeenCalledOnce();
});

it('says nothing of a stream that ends or is aborted before', async () => {
  const whenSlow = vi.fn();
  const ended = new PassThrough();
  ended.end('all');
  expect((await readToEnd(ended, never, whenSlow)).toString()).toBe('all');
  const aborted = readToEnd(new PassThrough(), AbortSignal.abort(new Error('interrupted')), whenSlow);
  await expect(aborted).rejects.toThrow('interrupted');
  vi.advanceTimersByTime(10_000);
  expect(whenSlow).not.toHaveBeenCalled();
});
