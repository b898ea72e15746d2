import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { GuestProtocolError } from '../../../../src/errors/index.ts';
import { PAYLOAD_MAX, WINDOW } from '../../../../src/guest/agent/agent-frame.ts';
import { Input } from '../../../../src/guest/agent/input.ts';

function recordingInput(): { input: Input; sent: Buffer[]; ended: () => boolean } {
  const sent: Buffer[] = [];
  let ended = false;
  const input = new Input(
    (bytes) => sent.push(bytes),
    () => (ended = true),
  );
  return { input, sent, ended: () => ended };
}

describe('Input', () => {
  test('sends up to its credit, and the rest when more is granted', async () => {
    const { input, sent, ended } = recordingInput();
    const bytes = Buffer.alloc(WINDOW + 1000, 'y');
    input.stream.end(bytes);
    await setImmediate();
    expect(Buffer.concat(sent).length).toBe(WINDOW);
    expect(ended()).toBe(false);
    input.grant(400);
    input.grant(600);
    await once(input.stream, 'finish');
    expect(Buffer.concat(sent).equals(bytes)).toBe(true);
    expect(ended()).toBe(true);
    expect(Math.max(...sent.map((piece) => piece.length))).toBeLessThanOrEqual(PAYLOAD_MAX);
  });

  test('rejects more credit than the agent’s buffer has room for', async () => {
    const { input, sent } = recordingInput();
    input.stream.write(Buffer.alloc(1000));
    await setImmediate();
    expect(() => input.grant(1001)).toThrow(GuestProtocolError);
    input.grant(1000);
    expect(Buffer.concat(sent).length).toBe(1000);
  });

  test('drops unread input without an error', async () => {
    const { input, sent, ended } = recordingInput();
    input.stream.write(Buffer.alloc(WINDOW + 1));
    input.refuse();
    input.stream.end(Buffer.alloc(WINDOW));
    await once(input.stream, 'finish');
    expect(Buffer.concat(sent).length).toBe(WINDOW);
    expect(ended()).toBe(false);
  });

  test('rejects invalid credit, and accepts none before the start', () => {
    const { input } = recordingInput();
    expect(() => input.grant(1)).toThrow('it asked for more input than its buffer can hold');
    expect(() => input.grant(0)).not.toThrow();
  });

  test('sends in whole frames, the last one with the rest', async () => {
    const { input, sent } = recordingInput();
    input.stream.write(Buffer.alloc(2 * PAYLOAD_MAX + 5));
    await setImmediate();
    expect(sent.map((piece) => piece.length)).toEqual([PAYLOAD_MAX, PAYLOAD_MAX, 5]);
  });

  test('delays a writer without credit, and wakes it when all is sent', async () => {
    const { input } = recordingInput();
    let done = false;
    input.stream.write(Buffer.alloc(WINDOW + 10), () => (done = true));
    await setImmediate();
    expect(done).toBe(false);
    input.grant(9);
    await setImmediate();
    expect(done).toBe(false);
    input.grant(1);
    await setImmediate();
    expect(done).toBe(true);
  });

  test('accepts a quarter of its credit before it delays a writer', () => {
    const { input } = recordingInput();
    expect(input.stream.writableHighWaterMark).toBe(WINDOW / 4);
  });

  test('ends even if nothing was sent', async () => {
    const { input, sent, ended } = recordingInput();
    input.stream.end();
    await once(input.stream, 'finish');
    expect([sent, ended()]).toEqual([[], true]);
  });

  test('drops waiting input when the reader has left, and accepts late credit', async () => {
    const { input, sent } = recordingInput();
    let done = false;
    input.stream.write(Buffer.alloc(WINDOW + 1), () => (done = true));
    await setImmediate();
    input.refuse();
    await setImmediate();
    expect(done).toBe(true);
    input.grant(100);
    input.stream.write(Buffer.alloc(50));
    await setImmediate();
    expect(Buffer.concat(sent)).toHaveLength(WINDOW);
  });
});
