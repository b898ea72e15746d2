import { readFile, rm, stat } from 'node:fs/promises';
import * as z from 'zod';
import { isSystemError } from '../../../errors/index.ts';
import { currentBootId } from '../../../process/procfs/identity.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import { writeFailure } from '../../../util/files/write-failure.ts';
import { unlessMissingAsync } from '../../../util/files/unless-missing.ts';

/** Identifies the published file that a part was downloaded from. */
export interface PartialOrigin {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Size of the whole file. */
  readonly totalBytes: number | undefined;
}

const schema = z.strictObject({
  version: z.literal(1),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  totalBytes: z.number().int().nonnegative().optional(),
  /** Boot of the host that wrote it: after a power failure, data in the middle may be missing. */
  bootId: z.string(),
});

/** An incomplete download: its data, and a description of its origin. */
export class PartialFile {
  readonly path: string;
  readonly #description: string;

  /** @param path without an extension. */
  constructor(path: string) {
    this.path = `${path}.part`;
    this.#description = `${path}.json`;
  }

  /**
   * Reads the origin of the data; undefined if there is no data, or it cannot be trusted.
   * @param isDigestKnown whether the digest of the whole file will tell if data is missing.
   */
  async origin(isDigestKnown: boolean): Promise<PartialOrigin | undefined> {
    try {
      const parsed = schema.safeParse(JSON.parse(await readFile(this.#description, 'utf8')));
      if (!parsed.success) return undefined;
      const { etag, lastModified, totalBytes, bootId } = parsed.data;
      if (!isDigestKnown && bootId !== currentBootId()) return undefined;
      return { etag, lastModified, totalBytes };
    } catch (error) {
      // Invalid JSON: the host crashed meanwhile.
      if (isSystemError(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Records the origin of the data, before any is written. @throws NoSpaceError, PermissionError. */
  describe(origin: PartialOrigin): void {
    const text = JSON.stringify({ version: 1, ...origin, bootId: currentBootId() });
    try {
      exchangeFile(this.#description, `${text}\n`);
    } catch (error) {
      throw writeFailure(error, this.#description);
    }
  }

  /** Removes the description, so that the data is no longer resumed. */
  async forget(): Promise<void> {
    await rm(this.#description, { force: true });
  }

  async isEmpty(): Promise<boolean> {
    return ((await unlessMissingAsync(stat(this.path)))?.size ?? 0) === 0;
  }

  async remove(): Promise<void> {
    await this.forget();
    await rm(this.path, { force: true });
  }
}

/** Returns a validator for If-Range, which must be strong (RFC 9110 §13.1.5). */
export function validatorOf({ etag, lastModified }: PartialOrigin): string | undefined {
  return etag !== undefined && !etag.startsWith('W/') ? etag : lastModified;
}
