import { expect, test } from 'vitest';
import { EVERY_MS, PicturePace } from '../../../../page/list/picture-pace.ts';

/** Turns of four seconds until the next picture. */
function turnsUntilDue(pace: PicturePace): number {
  for (let turns = 1; ; turns++) {
    pace.waited(EVERY_MS);
    if (pace.isDue(0)) return turns;
  }
}

test('the first picture is taken at once', () => {
  expect(new PicturePace().isDue(0)).toBe(true);
});

test('a screen that stays the same is looked at more and more rarely', () => {
  const pace = new PicturePace();
  const turns = [];
  for (let round = 0; round < 6; round++) {
    pace.took('same');
    turns.push(turnsUntilDue(pace));
  }
  expect(turns).toEqual([1, 2, 4, 8, 8, 8]);
});

test('a blinking cursor is not a change, and a new text is', () => {
  const pace = new PicturePace();
  for (const tag of ['on', 'off', 'on', 'off', 'on']) pace.took(tag);
  expect(turnsUntilDue(pace)).toBe(8);
  pace.took('text');
  expect(turnsUntilDue(pace)).toBe(1);
});

test('a guest that works is looked at in each turn', () => {
  const pace = new PicturePace();
  for (let round = 0; round < 6; round++) pace.took('same');
  expect(pace.isDue(10)).toBe(false);
  expect(pace.isDue(11)).toBe(true);
});

test('after a failure the next attempt is not delayed', () => {
  const pace = new PicturePace();
  for (const tag of ['same', 'same', undefined, undefined]) pace.took(tag);
  expect(turnsUntilDue(pace)).toBe(1);
});
