import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EventHub } from '../../../../src/qmp/connection/event-hub.ts';
import type { ReceivedEvent } from '../../../../src/qmp/wire/message.ts';

function event(name: string, n = 0): ReceivedEvent {
  return { event: name, data: { n }, timestamp: { seconds: 0, microseconds: 0 } };
}

test('the backlog of a name is delivered to the subscribers of one turn only', async () => {
  const hub = new EventHub();
  hub.emit(event('STOP', 1), 10);
  hub.emit(event('RESET', 2), 10);
  const first: unknown[] = [];
  hub.subscribe(['STOP'], ({ data }) => first.push(data['n']));
  const second: unknown[] = [];
  hub.subscribe(['STOP'], ({ data }) => second.push(data['n']));
  await nextTurn();
  const late: unknown[] = [];
  hub.subscribe(undefined, ({ data }) => late.push(data['n']));
  hub.emit(event('STOP', 3), 10);
  expect({ first, second, late }).toEqual({ first: [1, 3], second: [1, 3], late: [2, 3] });
});

test('unsubscribing stops delivery, in the middle of the backlog too', () => {
  const hub = new EventHub();
  hub.emit(event('STOP', 1), 10);
  hub.emit(event('STOP', 2), 10);
  const seen: unknown[] = [];
  const stop = hub.subscribe(['RESET'], ({ data }) => seen.push(data['n']));
  hub.emit(event('RESET', 3), 10);
  stop();
  hub.emit(event('RESET', 4), 10);
  expect(seen).toEqual([3]);
});

test('an iterator delivers its events, then ends with the connection', async () => {
  const hub = new EventHub();
  const stream = hub.stream(undefined);
  const waiting = stream.next();
  hub.emit(event('STOP', 1), 10);
  hub.emit(event('STOP', 2), 10);
  hub.end();
  expect((await waiting).value).toMatchObject({ data: { n: 1 } });
  expect((await stream.next()).value).toMatchObject({ data: { n: 2 } });
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('a subscription after the end still gets the backlog', async () => {
  const hub = new EventHub();
  hub.emit(event('SHUTDOWN'), 10);
  hub.end();
  const names: string[] = [];
  for await (const one of hub.stream(undefined)) names.push(one.event);
  expect(names).toEqual(['SHUTDOWN']);
});

test('leaving the loop unsubscribes', async () => {
  const hub = new EventHub();
  const stream = hub.stream(['STOP']);
  hub.emit(event('STOP'), 10);
  for await (const one of stream) {
    expect(one.event).toBe('STOP');
    break;
  }
  hub.emit(event('STOP'), 10);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('a flood keeps rare events in backlog and iterator', async () => {
  const hub = new EventHub();
  const stream = hub.stream(['SHUTDOWN', 'RESET']);
  await nextTurn();
  const late = new EventHub();
  for (const each of [hub, late]) {
    each.emit(event('SHUTDOWN'), 10);
    for (let n = 0; n < 5000; n++) each.emit(event('RESET', n), 10);
  }
  late.end();
  hub.end();
  expect(stream.dropped).toBe(5001 - 1024);
  for (const each of [stream, late.stream(undefined)]) {
    const seen: ReceivedEvent[] = [];
    for await (const one of each) seen.push(one);
    expect(seen).toHaveLength(1024);
    expect(seen[0]?.event).toBe('SHUTDOWN');
    expect(seen.at(-1)?.data['n']).toBe(4999);
  }
});
