import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { GuestProtocolError } from '../../../../src/errors/index.ts';
import { WINDOW } from '../../../../src/guest/agent/frame.ts';
import { Output } from '../../../../src/guest/agent/output.ts';

function outputWithGrants(limit = 1000): { output: Output; granted: () => number } {
  let granted = 0;
  return { output: new Output(limit, (bytes) => (granted += bytes)), granted: () => granted };
}

const CHUNK = Buffer.alloc(WINDOW / 4, 'x');

describe('Output', () => {
  test('collects up to its limit and says that there was more', () => {
    const { output } = outputWithGrants(5);
    output.push(Buffer.from('abc'));
    output.push(Buffer.from('de'));
    expect([output.collected().toString(), output.truncated]).toEqual(['abcde', false]);
    output.push(Buffer.from('f'));
    expect([output.collected().toString(), output.truncated]).toEqual(['abcde', true]);
  });

  test('gives credit back for what it collects or drops', () => {
    const { output, granted } = outputWithGrants(5);
    for (let count = 0; count < 8; count += 1) output.push(CHUNK);
    expect(granted()).toBe(8 * CHUNK.length);
  });

  test('gives the collected output to the reader of the stream, and then collects no more', async () => {
    const { output } = outputWithGrants();
    output.push(Buffer.from('before '));
    const stream = output.take();
    output.push(Buffer.from('after'));
    output.end();
    expect(await text(stream)).toBe('before after');
    expect(output.collected().length).toBe(0);
  });

  test('holds credit back while there is no reader', async () => {
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

  test('rejects more than was granted, which would fill memory without a reader', () => {
    const { output } = outputWithGrants();
    output.take();
    for (let count = 0; count < 4; count += 1) output.push(CHUNK);
    expect(() => output.push(Buffer.from('x'))).toThrow(GuestProtocolError);
  });

  test('gives credit back when its reader has left', async () => {
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

  test('keeps what fits of the piece that crosses its limit, and nothing of one of no room', () => {
    const { output } = outputWithGrants(4);
    output.push(Buffer.from('abcdef'));
    expect([output.collected().toString(), output.truncated]).toEqual(['abcd', true]);
    output.push(Buffer.from('g'));
    expect(output.collected().toString()).toBe('abcd');
  });

  test('says what is wrong: content after the end, and more than was granted', () => {
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

  test('is one stream, however often it is taken', () => {
    const { output } = outputWithGrants();
    expect(output.taken).toBe(false);
    const stream = output.take();
    expect(output.taken).toBe(true);
    expect(output.take()).toBe(stream);
    expect(stream.readableHighWaterMark).toBe(WINDOW / 4);
  });

  test('gives no credit for less than a quarter of the window, and then all that it owes', () => {
    const { output, granted } = outputWithGrants();
    output.push(CHUNK.subarray(1));
    expect(granted()).toBe(0);
    output.push(Buffer.from('xy'));
    expect(granted()).toBe(CHUNK.length + 1);
  });

  test('gives no credit after the end, as nothing more comes', async () => {
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

  test('fails a stream that is taken later, too', async () => {
    const { output } = outputWithGrants();
    output.fail(new Error('gone'));
    expect(output.ended).toBe(true);
    await expect(text(output.take())).rejects.toThrow('gone');
  });

  test('has ended once: what comes after changes nothing', async () => {
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

  test('whose reader listens for no error does not end the program', async () => {
    const { output } = outputWithGrants();
    output.take().resume();
    output.fail(new Error('gone'));
    await setImmediate();
    expect(output.ended).toBe(true);
  });
});
