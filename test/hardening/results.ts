import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Findings } from './section.ts';

export interface SectionResult extends Findings {
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

/** The last result of each of these sections that has one, in their order. */
export function savedResults(directory: string, names: readonly string[]): Map<string, SectionResult> {
  const found = new Map<string, SectionResult>();
  for (const name of names) {
    const text = readIfThere(join(directory, `${name}.json`));
    if (text !== undefined) found.set(name, JSON.parse(text) as SectionResult);
  }
  return found;
}

export function held({ counts, faults }: Findings): boolean {
  return faults.length === 0 && counts.every(({ tried, held }) => held === tried);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
