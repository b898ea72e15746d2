import { expect, it } from 'vitest';
import { cpuLevelOf } from '../../../../src/host/kvm/cpu-flags.ts';

const BASE = 'fpu sse sse2 lm';
const V2 = `${BASE} cx16 lahf_lm pni popcnt sse4_1 sse4_2 ssse3`;
const V3 = `${V2} abm avx avx2 bmi1 bmi2 f16c fma movbe xsave`;

it.each([
  [BASE, 'x86-64'],
  [V2, 'x86-64-v2'],
  [V2.replace('cx16', ''), 'x86-64'],
  [V3, 'x86-64-v3'],
  [`avx512f ${V3} amx_tile`, 'x86-64-v3'],
  [V3.replace('avx2', ''), 'x86-64-v2'],
  [V3.replace('ssse3', ''), 'x86-64'],
])('flags %j are level %s', (flags, level) => {
  expect(cpuLevelOf(`processor\t: 0\nflags\t\t: ${flags}\nbugs\t\t: avx2\n`)).toBe(level);
});

it('is the lowest level if nothing is known', () => {
  expect(cpuLevelOf('')).toBe('x86-64');
});
