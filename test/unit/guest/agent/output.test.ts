import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { GuestProtocolError } from '../../../../src/errors/index.ts';
import { WINDOW } from '../../../../src/guest/agent/agent-frame.ts';
import { Output } from '../../../../src/guest/agent/output.ts';

function outputWithGrants(limit = 1000): { output: Output; granted: () => number } {
  let granted = 0;
  return { output: new Output(limit, (bytes) => (granted += bytes)), granted: () => granted };
}

const CHUNK = Buffer.alloc(WINDOW / 4, 'x');

describe('Output', () => {
  test('collects up to its limit and marks the result as truncated', () => {
    const { output } = outputWithGrants(5);
    output.push(Buffer.from('abc'));
    output.push(Buffer.from('de'));
    expect([output.collected().toString(), output.truncated]).toEqual(['abcde', false]);
    output.push(Buffer.from('f'));
    expect([output.collected().toString(), output.truncated]).toEqual(['abcde', true]);
  });

  test('returns credit for collected and dropped data', () => {
    const { output, granted } = outputWithGrants(5);
    for (let count = 0; count < 8; count += 1) output.push(CHUNK);
    expect(granted()).toBe(8 * CHUNK.length);
  });

  test('passes the collected output to a reader, and then stops collecting', async () => {
    const { output } = outputWithGrants();
    output.push(Buffer.from('before '));
    const stream = output.take();
    output.push(Buffer.from('after'));
    output.end();
    expect(await text(stream)).toBe('before after');
    expect(output.collected().length).toBe(0);
  });

  test('holds credit back until it has a reader', async () => {
    const { output, granted } = outputWithGrants();
    const stream = output.take();
    for (let count = 0; count < 4; count += 1) output.push(CHUNK);
    await setImmediate();
    expect(granted()).toBeLessThanOrEqual(CHUNK.length);
    stream.resume();
    await setImmediate();
    await setImmediate();
    expect(granted()).toBe(4 * CHUNK.length);
  });

  test('rejects more data than was granted', () => {
    const { output } = outputWithGrants();
    output.take();
    for (let count = 0; count < 4; count += 1) output.push(CHUNK);
    expect(() => output.push(Buffer.from('x'))).toThrow(GuestProtocolError);
  });

  test('returns credit when its reader has left', async () => {
    const { output, granted } = outputWithGrants();
    const stream = output.take();
    for (let count = 0; count < 4; count += 1) output.push(CHUNK);
    stream.destroy();
    await setImmediate();
    output.push(CHUNK);
    expect(granted()).toBe(5 * CHUNK.length);
  });

  test('fails its stream', async () => {
    const { output } = outputWithGrants();
    const stream = output.take();
    output.fail(new Error('gone'));
    await expect(text(stream)).rejects.toThrow('gone');
  });

  test('keeps the part that fits below its limit', () => {
    const { output } = outputWithGrants(4);
    output.push(Buffer.from('abcdef'));
    expect([output.collected().toString(), output.truncated]).toEqual(['abcd', true]);
    output.push(Buffer.from('g'));
    expect(output.collected().toString()).toBe('abcd');
  });

  test('rejects data after the end, and more than was granted', () => {
    const { output } = outputWithGrants();
    expect(output.ended).toBe(false);
    output.end();
    expect(output.ended).toBe(true);
    expect(() => output.push(CHUNK)).toThrow(GuestProtocolError);
    expect(() => output.push(CHUNK)).toThrow('the guest agent sent data after the end of the output');
    const { output: held } = outputWithGrants();
    held.take();
    for (let count = 0; count < 4; count += 1) held.push(CHUNK);
    expect(() => held.push(Buffer.from('x'))).toThrow(
      'the guest agent sent more data than it was allowed to',
    );
  });

  test('returns the same stream each time', () => {
    const { output } = outputWithGrants();
    expect(output.taken).toBe(false);
    const stream = output.take();
    expect(output.taken).toBe(true);
    expect(output.take()).toBe(stream);
    expect(stream.readableHighWaterMark).toBe(WINDOW / 4);
  });

  test('returns credit in quarters of the window', () => {
    const { output, granted } = outputWithGrants();
    output.push(CHUNK.subarray(1));
    expect(granted()).toBe(0);
    output.push(Buffer.from('xy'));
    expect(granted()).toBe(CHUNK.length + 1);
  });

  test('returns no credit after the end', async () => {
    const { output, granted } = outputWithGrants();
    const stream = output.take();
    output.push(CHUNK);
    output.push(CHUNK);
    const before = granted();
    output.end();
    stream.resume();
    await setImmediate();
    await setImmediate();
    expect(granted()).toBe(before);
  });

  test('ends its stream, taken before or after', async () => {
    const { output } = outputWithGrants();
    output.push(Buffer.from('all'));
    output.end();
    output.end();
    expect(await text(output.take())).toBe('all');
  });

  test('fails a stream that is requested later, too', async () => {
    const { output } = outputWithGrants();
    output.fail(new Error('gone'));
    expect(output.ended).toBe(true);
    await expect(text(output.take())).rejects.toThrow('gone');
  });

  test('ignores what follows its end', async () => {
    const { output } = outputWithGrants();
    const stream = output.take();
    output.push(Buffer.from('all'));
    output.end();
    output.fail(new Error('late'));
    expect(await text(stream)).toBe('all');
    const { output: failed } = outputWithGrants();
    const broken = failed.take();
    failed.fail(new Error('first'));
    failed.fail(new Error('second'));
    failed.end();
    await expect(text(broken)).rejects.toThrow('first');
  });

  test('keeps the credit of data that a reader left unread', async () => {
    const { output, granted } = outputWithGrants();
    const stream = output.take();
    output.push(CHUNK);
    output.push(CHUNK.subarray(10));
    await setImmediate();
    stream.destroy();
    await setImmediate();
    expect(granted()).toBe(2 * CHUNK.length - 10);
  });

  test('does not end the program if the reader has no error listener', async () => {
    const { output } = outputWithGrants();
    output.take().resume();
    output.fail(new Error('gone'));
    await setImmediate();
    expect(output.ended).toBe(true);
  });
});
