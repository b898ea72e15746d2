import { expect, it } from 'vitest';
import { CPU_LEVELS, hasCpuLevel } from '../../../src/util/cpu-level.ts';

it('what is compiled for a level runs on that and on all above', () => {
  const table = CPU_LEVELS.map((offered) => CPU_LEVELS.filter((needed) => hasCpuLevel(offered, needed)));
  expect(table).toEqual([['x86-64'], ['x86-64', 'x86-64-v2'], ['x86-64', 'x86-64-v2', 'x86-64-v3']]);
});
