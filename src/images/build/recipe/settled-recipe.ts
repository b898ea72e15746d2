import type { BuildFile } from '../../record/build-files.ts';
import type { Installer, Release } from './installer.ts';

/** A recipe that has been checked, with all that it names. */
export interface SettledRecipe {
  readonly installer: Installer;
  readonly release: Release;
  /** Sorted, each once. */
  readonly include: readonly string[];
  readonly scripts: readonly { readonly name: string; readonly content: Buffer }[];
  readonly agent: Buffer;
  readonly sizeBytes: number;
  readonly mirror: string | undefined;
  readonly key: Buffer | undefined;
  readonly files: readonly BuildFile[];
}
