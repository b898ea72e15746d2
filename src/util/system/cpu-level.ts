/** The levels of the x86-64 psABI, lowest first; a program for one level runs on all higher ones. */
export const CPU_LEVELS = ['x86-64', 'x86-64-v2', 'x86-64-v3'] as const;

export type CpuLevel = (typeof CPU_LEVELS)[number];

export function hasCpuLevel(offered: CpuLevel, needed: CpuLevel): boolean {
  return CPU_LEVELS.indexOf(offered) >= CPU_LEVELS.indexOf(needed);
}
