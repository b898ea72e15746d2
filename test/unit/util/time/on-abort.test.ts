import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { onAbort } from '../../../../src/util/time/on-abort.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

it('calls everyone back once, with the reason, and leaves no listener', () => {
  const aborter = new AbortController();
  const calls: unknown[] = [];
  onAbort(aborter.signal, (reason) => calls.push(['first', reason]));
  onAbort(aborter.signal, (reason) => calls.push(['second', reason]));
  expect(calls).toEqual([]);
  aborter.abort('enough');
  aborter.signal.dispatchEvent(new Event('abort'));
  expect(calls).toEqual([
    ['first', 'enough'],
    ['second', 'enough'],
  ]);
  expect(listeners(aborter.signal)).toBe(0);
});

it('has one listener for all who wait, and none when the last has stopped waiting', () => {
  const { signal } = new AbortController();
  const stops = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
  expect(listeners(signal)).toBe(1);
  const last = stops.pop();
  for (const stop of stops) stop();
  expect(listeners(signal)).toBe(1);
  last?.();
  expect(listeners(signal)).toBe(0);
});

it('does not call back who has stopped waiting', () => {
  const aborter = new AbortController();
  const calls: string[] = [];
  onAbort(aborter.signal, () => calls.push('waits'));
  onAbort(aborter.signal, () => calls.push('stopped'))();
  aborter.abort();
  expect(calls).toEqual(['waits']);
});

it('starts anew for who comes after the last has left, and an old stop does not touch them', () => {
  const aborter = new AbortController();
  const calls: string[] = [];
  const stopFirst = onAbort(aborter.signal, () => calls.push('first'));
  stopFirst();
  onAbort(aborter.signal, () => calls.push('second'));
  stopFirst();
  expect(listeners(aborter.signal)).toBe(1);
  aborter.abort();
  expect(calls).toEqual(['second']);
});

it('stops without harm after the abort', () => {
  const aborter = new AbortController();
  const stop = onAbort(aborter.signal, () => undefined);
  aborter.abort();
  expect(stop).not.toThrow();
});
