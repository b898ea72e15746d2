import { MICRO_PARAMETERS } from './micro-append.ts';
import { MICRO_MODULES } from './micro-modules.ts';
import { MICRO_TREE } from './micro-tree.ts';
import { sha256 } from '../digest/sha256.ts';

/** Changes when the way in which the parts are put together does, which the data below do not show. */
const ASSEMBLY = 2;

let known: string | undefined;

/** Of everything that the recipe puts into an image, so that a newer vmlet notices an older one's image. */
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
