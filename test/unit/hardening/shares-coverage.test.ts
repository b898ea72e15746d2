import { describe, expect, it } from 'vitest';
import { KINDS_OF_KILLS, attacks } from '../../hardening/shares/kills/attacks.ts';
import { VICTIMS } from '../../hardening/shares/kills/victim.ts';
import { drawCases } from '../../hardening/shares/posix/draw-cases.ts';
import { flagCases } from '../../hardening/shares/posix/flag-cases.ts';
import { KINDS } from '../../hardening/shares/posix/kinds.ts';
import { permissionCases } from '../../hardening/shares/posix/permission-cases.ts';
import { casesOf } from '../../hardening/shares/posix/posix.ts';

const all = KINDS.map(({ cast }) => [...flagCases(cast), ...permissionCases(cast)]);
const operations = new Set(all.flat().map(({ operation }) => operation));
const SEEDS = [-7, 0, 6, 123_456];

describe('the POSIX operations', () => {
  it.each(SEEDS)('are each tried once by a small run with seed %i', (seed) => {
    const drawn = KINDS.map((kind) => casesOf(kind, { scale: 0.001, seed }));
    expect(drawn.flat().map(({ operation }) => operation)).toHaveLength(operations.size);
    expect(new Set(drawn.flat().map(({ operation }) => operation))).toEqual(operations);
    for (const cases of drawn) expect(cases.length).toBeGreaterThan(0);
  });

  it.each(SEEDS)('are each tried on each kind of share by a larger run with seed %i', (seed) => {
    for (const kind of KINDS) {
      const drawn = casesOf(kind, { scale: 0.03, seed });
      expect(new Set(drawn.map(({ operation }) => operation)), kind.name).toEqual(operations);
    }
  });

  it('are tried by each user and with each mode by a whole run', () => {
    const names = KINDS.map((kind) => casesOf(kind, { scale: 1, seed: 1 }).map(({ name }) => name));
    expect(names.map((each) => each.toSorted())).toEqual(
      all.map((cases) => cases.map(({ name }) => name).toSorted()),
    );
  });

  it('are drawn again with the same seed', () => {
    const draw = (seed: number): string[] =>
      drawCases(all[1]!, { scale: 0.1, seed, hand: 1, hands: 5 }).map(({ name }) => name);
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});

describe('the kills', () => {
  it.each([0, 4, 20])('hit each process of each kind of machine, with %i of them', (count) => {
    const tried = new Set(attacks(count).map(({ victim, machine }) => `${victim} of ${machine}`));
    const expected = VICTIMS.flatMap((victim) =>
      ['named', 'throw-away']
        .filter((machine) => `${victim} of ${machine}` !== 'keeper of throw-away')
        .map((machine) => `${victim} of ${machine}`),
    );
    expect([...tried].toSorted()).toEqual(expected.toSorted());
  });

  it('are as many as asked for, in turns', () => {
    const many = attacks(20);
    expect(many).toHaveLength(20);
    expect(many[KINDS_OF_KILLS.length]).toBe(many[0]);
  });
});
