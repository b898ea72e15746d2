import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Count, Findings } from '../section.ts';

/** A count that replaced an earlier one of the section names its own circumstances if they differ. */
export interface RecordedCount extends Count {
  readonly commit?: string;
  readonly scale?: number;
}

export interface SectionResult extends Findings {
  readonly counts: readonly RecordedCount[];
  readonly title: string;
  readonly host: string;
  readonly commit: string;
  readonly at: string;
  readonly scale: number;
  readonly seed: number;
  readonly seconds: number;
}

export function saveResult(directory: string, name: string, result: SectionResult): void {
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** The last result of each of these sections, in their order, if any. */
export function savedResults(directory: string, names: readonly string[]): Map<string, SectionResult> {
  const found = new Map<string, SectionResult>();
  for (const name of names) {
    const text = readIfThere(join(directory, `${name}.json`));
    if (text !== undefined) found.set(name, JSON.parse(text) as SectionResult);
  }
  return found;
}

/** The complete result with these rows replaced; they name commit and scale if those differ. */
export function withRows(whole: SectionResult, rows: SectionResult): SectionResult {
  const { commit, scale } = rows;
  const differs = commit !== whole.commit || scale !== whole.scale;
  const counted = rows.counts.map((count) => ({ ...count, ...(differs && { commit, scale }) }));
  const names = new Set(counted.map(({ what }) => /`(.+)`/.exec(what)?.[1] ?? what));
  // `clone:EIO:3: it hangs`, `snapshot rm:command:3:stalls: it hangs`, `clone could not be swept: why`
  const isOfThese = (fault: string): boolean =>
    names.has(/^(.*?)(?::| could not be swept)/.exec(fault)?.[1] ?? '');
  return {
    ...whole,
    counts: whole.counts
      .map((count) => counted.find(({ what }) => what === count.what) ?? count)
      .concat(counted.filter(({ what }) => !whole.counts.some((count) => count.what === what))),
    faults: [...whole.faults.filter((fault) => !isOfThese(fault)), ...rows.faults],
  };
}

export function held({ counts, faults }: Findings): boolean {
  return faults.length === 0 && counts.every(({ tried, held }) => held === tried);
}

/** A part that could not run, such as one whose program is missing, is not one that held. */
export function verdictOf({ tried, held: ended }: Count): 'ok' | 'FAILED' | 'not run' {
  if (ended !== tried) return 'FAILED';
  return tried === 0 ? 'not run' : 'ok';
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
