import { expect, it } from 'vitest';
import { CPU_LEVELS, hasCpuLevel } from '../../../../src/util/system/cpu-level.ts';

it('a program runs on its own level and on higher ones', () => {
  const table = CPU_LEVELS.map((offered) => CPU_LEVELS.filter((needed) => hasCpuLevel(offered, needed)));
  expect(table).toEqual([['x86-64'], ['x86-64', 'x86-64-v2'], ['x86-64', 'x86-64-v2', 'x86-64-v3']]);
});
