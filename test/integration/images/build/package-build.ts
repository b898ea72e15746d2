import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import {
  type DistributionBuildOptions,
  type DistributionDisk,
  buildDistributionDisk,
} from '../../../../src/images/build/distribution-disk.ts';
import { directoryIn } from '../../../directory.ts';

/** A value for options of builds that never start. */
export const AGENT = import.meta.filename;

type Recipe = Omit<DistributionBuildOptions, 'work' | 'to'>;

/** A running build: its result, its leftover files, and its processes. */
export interface PackageBuild {
  readonly result: Promise<DistributionDisk>;
  readonly disk: string;
  readonly left: () => { readonly files: readonly string[]; readonly processes: readonly string[] };
}

/** The leftovers of a failed build. */
export const NOTHING = { files: [], processes: [] };

/** Begins a build in a new directory. */
export function beginBuild(recipe: Recipe, parent: string): PackageBuild {
  const work = directoryIn(parent, 'work-');
  const disk = join(work, 'disk.qcow2');
  const result = buildDistributionDisk({ ...recipe, work, to: disk });
  return { result, disk, left: () => ({ files: readdirSync(work), processes: processesOf(work) }) };
}

export async function failureOf(result: Promise<unknown>): Promise<Error> {
  return result.then(
    () => expect.fail('it was built'),
    (error: unknown) => error as Error,
  );
}

/** Command lines of the processes that work in a directory. */
export function processesOf(work: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
      } catch {
        // It has ended.
        return '';
      }
    })
    .filter((line) => line.includes(basename(work)));
}
