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

  test('gives what it collected to whoever takes the stream, and then collects no more', async () => {
    const { output } = outputWithGrants();
    output.push(Buffer.from('before '));
    const stream = output.take();
    output.push(Buffer.from('after'));
    output.end();
    expect(await text(stream)).toBe('before after');
    expect(output.collected().length).toBe(0);
  });

  test('holds credit back while nobody reads', async () => {
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

  test('refuses more than was granted, which would fill memory while nobody reads', () => {
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
});
