import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { onAbort } from '../../../../src/util/time/on-abort.ts';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

it('calls every callback once with the reason, and leaves no listener', () => {
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

it('shares one listener among all callbacks, and removes it with the last', () => {
  const { signal } = new AbortController();
  const stops = Array.from({ length: 20 }, () => onAbort(signal, () => undefined));
  expect(listeners(signal)).toBe(1);
  const last = stops.pop();
  for (const stop of stops) stop();
  expect(listeners(signal)).toBe(1);
  last?.();
  expect(listeners(signal)).toBe(0);
});

it('does not call a removed callback', () => {
  const aborter = new AbortController();
  const calls: string[] = [];
  onAbort(aborter.signal, () => calls.push('waits'));
  onAbort(aborter.signal, () => calls.push('stopped'))();
  aborter.abort();
  expect(calls).toEqual(['waits']);
});

it('starts again after the last was removed, unaffected by an old removal', () => {
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

it('can be removed after the abort', () => {
  const aborter = new AbortController();
  const stop = onAbort(aborter.signal, () => undefined);
  aborter.abort();
  expect(stop).not.toThrow();
});
