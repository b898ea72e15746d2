import { expect, test } from 'vitest';
import { EVENT_BYTES, EventBuffer } from '../../../../src/qmp/connection/event-buffer.ts';
import { EventHub } from '../../../../src/qmp/connection/event-hub.ts';

interface Numbered {
  readonly event: string;
  readonly n: number;
}

const numbers = (buffer: EventBuffer<Numbered>): number[] =>
  buffer.filter(() => true).map(({ event }) => event.n);

test('holds events up to the limits of number and bytes', () => {
  const buffer = new EventBuffer<Numbered>();
  for (let n = 0; n < 1024; n++) expect(buffer.push({ event: 'A', n }, 1)).toBe(0);
  expect(buffer.push({ event: 'A', n: 1024 }, 1)).toBe(1);
  expect(numbers(buffer).slice(0, 2)).toEqual([1, 2]);
  const four = new EventBuffer<Numbered>();
  for (let n = 0; n < 4; n++) expect(four.push({ event: 'A', n }, EVENT_BYTES / 4)).toBe(0);
  expect(four.push({ event: 'A', n: 4 }, EVENT_BYTES / 2)).toBe(2);
  expect(numbers(four)).toEqual([2, 3, 4]);
});

test('makes room by dropping events of the same name', () => {
  const buffer = new EventBuffer<Numbered>();
  buffer.push({ event: 'RARE', n: 0 }, 10);
  for (let n = 1; n <= 20; n++) buffer.push({ event: 'FLOOD', n }, EVENT_BYTES / 4);
  expect(numbers(buffer)).toEqual([0, 18, 19, 20]);
  expect(buffer.push({ event: 'OTHER', n: 21 }, EVENT_BYTES / 4)).toBe(1);
  expect(numbers(buffer)).toEqual([18, 19, 20, 21]);
});

test('drops an event larger than its limit, and holds one that just fits', () => {
  const buffer = new EventBuffer<Numbered>();
  buffer.push({ event: 'A', n: 1 }, 10);
  expect(buffer.push({ event: 'A', n: 2 }, EVENT_BYTES + 1)).toBe(1);
  expect(numbers(buffer)).toEqual([1]);
  expect(buffer.push({ event: 'A', n: 3 }, EVENT_BYTES)).toBe(1);
  expect(numbers(buffer)).toEqual([3]);
});

test('frees the room of events that were read or dropped', () => {
  const buffer = new EventBuffer<Numbered>();
  buffer.push({ event: 'A', n: 1 }, EVENT_BYTES / 2);
  buffer.push({ event: 'B', n: 2 }, EVENT_BYTES / 2);
  expect(buffer.shift()).toEqual({ event: 'A', n: 1 });
  expect(buffer.push({ event: 'A', n: 3 }, EVENT_BYTES / 2)).toBe(0);
  buffer.keep(({ event }) => event === 'B');
  expect(buffer.push({ event: 'A', n: 4 }, EVENT_BYTES / 2)).toBe(0);
  expect(numbers(buffer)).toEqual([2, 4]);
  buffer.keep(() => false);
  expect(buffer.shift()).toBeUndefined();
  expect(buffer.push({ event: 'A', n: 5 }, EVENT_BYTES)).toBe(0);
});

test('bounds the backlog and each iterator of a connection', async () => {
  const hub = new EventHub();
  for (let n = 0; n < 600; n++) {
    const event = { event: `E${n}`, data: { n }, timestamp: { seconds: 0, microseconds: 0 } };
    hub.emit(event, EVENT_BYTES / 4);
  }
  const stream = hub.stream(undefined);
  hub.end();
  const kept: string[] = [];
  for await (const { event } of stream) kept.push(event);
  expect(kept).toEqual(['E596', 'E597', 'E598', 'E599']);
});
