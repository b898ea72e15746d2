import type { SectionResult } from './results.ts';

/** The counts of one kind and scale together: a row of docs/security-counts.md. */
export interface Sum {
  readonly kind: string;
  readonly scale: number;
  readonly tried: number;
  readonly held: number;
  readonly permitted: number;
  readonly commits: ReadonlySet<string>;
  /** The reason why none was tried. */
  readonly notRun: string | undefined;
}

/** The sums of a section, in the order of their first counts. */
export function sumsOf({ counts, ...section }: SectionResult): Sum[] {
  const sums = new Map<string, Sum>();
  for (const { what, kind = what, scale = section.scale, commit = section.commit, ...count } of counts) {
    const key = `${scale} ${kind}`;
    const before = sums.get(key);
    const tried = (before?.tried ?? 0) + count.tried;
    sums.set(key, {
      kind,
      scale,
      tried,
      held: (before?.held ?? 0) + count.held,
      permitted: (before?.permitted ?? 0) + (count.permitted ?? 0),
      commits: new Set([...(before?.commits ?? []), commit]),
      notRun: tried === 0 ? count.note : undefined,
    });
  }
  return [...sums.values()];
}
