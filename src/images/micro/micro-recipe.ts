import { MICRO_PARAMETERS } from './micro-append.ts';
import { MICRO_MODULES } from './micro-modules.ts';
import { MICRO_TREE } from './micro-tree.ts';
import { sha256 } from '../digest/sha256.ts';

/** The version of the code that assembles an image, which is an input that the data below do not cover. */
const ASSEMBLY = 2;

let known: string | undefined;

/**
 * Returns a digest of everything that vmlet itself puts into an image, by which a newer vmlet detects an old image.
 */
export function recipeSha256(): string {
  known ??= sha256(
    JSON.stringify([
      ASSEMBLY,
      MICRO_TREE.map((entry) =>
        entry.type === 'file' ? { ...entry, data: Buffer.from(entry.data).toString('base64') } : entry,
      ),
      MICRO_MODULES.map(({ name }) => name),
      MICRO_PARAMETERS.map(({ parameter }) => parameter),
    ]),
  );
  return known;
}
