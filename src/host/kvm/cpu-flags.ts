import { readFileSync } from 'node:fs';
import { CPU_LEVELS, type CpuLevel } from '../../util/system/cpu-level.ts';

/** Flags that each level adds to the one below, by Linux's names (x86-64 psABI, table 3.1; abm has LZCNT). */
const FLAGS: Readonly<Record<CpuLevel, readonly string[]>> = {
  'x86-64': [],
  'x86-64-v2': ['cx16', 'lahf_lm', 'pni', 'popcnt', 'sse4_1', 'sse4_2', 'ssse3'],
  'x86-64-v3': ['abm', 'avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'movbe', 'xsave'],
};

/** @param cpuinfo the text of /proc/cpuinfo. */
export function cpuLevelOf(cpuinfo: string): CpuLevel {
  const flags = flagsOf(cpuinfo);
  const missing = CPU_LEVELS.findIndex((level) => !FLAGS[level].every((flag) => flags.has(flag)));
  return CPU_LEVELS.at(missing === -1 ? -1 : missing - 1) ?? 'x86-64';
}

export function readCpuLevel(): CpuLevel {
  return cpuLevelOf(readCpuinfo());
}

/** Linux's names of what this host's processor can do. */
export function readCpuFlags(): ReadonlySet<string> {
  return flagsOf(readCpuinfo());
}

function flagsOf(cpuinfo: string): ReadonlySet<string> {
  return new Set((/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1] ?? '').split(/\s+/));
}

function readCpuinfo(): string {
  return readFileSync('/proc/cpuinfo', 'utf8');
}
