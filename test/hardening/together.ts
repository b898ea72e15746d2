import type { Findings } from './section.ts';

export function together(parts: readonly Findings[]): Findings {
  return {
    counts: parts.flatMap(({ counts }) => counts),
    faults: parts.flatMap(({ faults }) => faults),
  };
}
