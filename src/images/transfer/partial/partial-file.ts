import { readFile, rm, stat } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isSystemError } from '../../../errors/index.ts';
import { exchangeFile } from '../../../util/files/atomic-file.ts';
import { writeFailure } from '../../../util/files/write-failure.ts';
import { unlessMissingAsync } from '../../../util/files/unless-missing.ts';

/** Of which published file a part was downloaded. */
export interface PartialOrigin {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Of the whole file. */
  readonly totalBytes: number | undefined;
}

const schema = z.strictObject({
  version: z.literal(1),
  etag: z.string().optional(),
  lastModified: z.string().optional(),
  totalBytes: z.number().int().nonnegative().optional(),
  /** What was not yet on the disk at a power cut may be missing in the middle. */
  bootId: z.string(),
});

/** A download that is not whole yet: its bytes, and beside them whose they are. */
export class PartialFile {
  readonly path: string;
  readonly #description: string;

  /** @param path its place without an ending. */
  constructor(path: string) {
    this.path = `${path}.part`;
    this.#description = `${path}.json`;
  }

  /** Undefined where no bytes are, or none that can be trusted. */
  async origin(): Promise<PartialOrigin | undefined> {
    try {
      const parsed = schema.safeParse(JSON.parse(await readFile(this.#description, 'utf8')));
      if (!parsed.success || parsed.data.bootId !== bootId()) return undefined;
      const { etag, lastModified, totalBytes } = parsed.data;
      return { etag, lastModified, totalBytes };
    } catch (error) {
      // No JSON: a crash of the host came between.
      if (isSystemError(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Says whose the bytes are that will come, before the first of them. @throws NoSpaceError, PermissionError. */
  describe(origin: PartialOrigin): void {
    const text = JSON.stringify({ version: 1, ...origin, bootId: bootId() });
    try {
      exchangeFile(this.#description, `${text}\n`);
    } catch (error) {
      throw writeFailure(error, this.#description);
    }
  }

  /** The bytes have got another name. */
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

/** For If-Range, which takes nothing weak (RFC 9110 §13.1.5). */
export function validatorOf({ etag, lastModified }: PartialOrigin): string | undefined {
  return etag !== undefined && !etag.startsWith('W/') ? etag : lastModified;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
