import { expect, it } from 'vitest';
import { Random } from '../../../fixtures/agent/random.ts';
import { drawMoment } from '../../hardening/kept/moment.ts';

const LEFT = { start: 3000, answer: 800, name: 0.2 };
const draw = (seed: number) => {
  const random = new Random(seed);
  return Array.from({ length: 40 }, (_, number) => drawMoment(number, LEFT, random));
};

it('half of the moments to kill a first run are in the whole run, the others while it saves and names the guest', () => {
  const moments = draw(1);
  const count = (phase: string): number => moments.filter(({ after }) => after === phase).length;
  expect([count('start'), count('answer'), count('name')]).toEqual([20, 10, 10]);
  for (const { after, ms } of moments) expect(ms).toBeLessThan(Math.max(1, LEFT[after]));
  expect(new Set(moments.map(({ ms }) => ms)).size).toBeGreaterThan(20);
});

it('the moments to kill a first run are drawn again with the same seed', () => {
  expect(draw(3)).toEqual(draw(3));
  expect(draw(3)).not.toEqual(draw(4));
});
