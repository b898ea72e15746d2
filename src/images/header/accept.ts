import { ImageRefusedError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { backingFileOf, rebaseCommand } from './backing-file.ts';
import type { ByteSource } from './formats/byte-source.ts';
import { withImageFile } from './image-file.ts';
import type { ImageHeader, UnderstoodFormat } from './formats/image-header.ts';
import { detect, readHeader } from './read-header.ts';
import { type Claim, type ForeignFormat, type Refusal, chooseReading, isForeign, judge } from './verdict.ts';

export type { ForeignFormat } from './verdict.ts';

/** Longer than any real chain of snapshots. QEMU opens all its files at once. */
const LONGEST_CHAIN = 64;

export interface AcceptOptions {
  /** Undefined to detect the format from the content, as for downloads. */
  readonly format: DiskFormat | undefined;
  /** Names the image in errors, as in `disks[0]`. */
  readonly field: string;
  /**
   * The user trusts the image: it may have a backing file, be larger than 64 TiB or marked as corrupt, and a raw disk
   * may contain what looks like another format; false by default.
   */
  readonly trusted?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image that is safe to give to QEMU: its header is valid, and it names no file except `backing`. */
export interface AcceptedImage {
  readonly path: string;
  readonly format: DiskFormat;
  /** The size of the disk that the guest sees. */
  readonly virtualBytes: number;
  readonly header: ImageHeader;
  /** The backing file of a trusted image, checked in the same way. */
  readonly backing: AcceptedImage | undefined;
}

/** A harmless image that `qemu-img convert` can convert to qcow2. */
export interface ForeignImage {
  readonly path: string;
  /** As `qemu-img convert -f` takes it. */
  readonly format: ForeignFormat;
  /** The size of the disk that the guest would see. */
  readonly virtualBytes: number;
  readonly header: ImageHeader;
}

/**
 * Checks an image before QEMU opens it. Runs no program, and reads a few MiB at most.
 *
 * The result holds for the file that had this name at the time. Anyone who can write to the file or its directory can
 * replace it afterwards: pass QEMU the format and the whole chain explicitly, and deny it access to all other files.
 * @throws ImageRefusedError with the problem and a hint; InvalidInputError for a missing or unreadable image; the
 *   signal's reason on abort.
 */
export async function acceptImage(path: string, options: AcceptOptions): Promise<AcceptedImage> {
  return acceptChain(path, options, []);
}

export interface AcceptForeignOptions extends Omit<AcceptOptions, 'trusted'> {
  /** Its origin, for errors, because the user does not know the temporary path. */
  readonly from: string;
}

/**
 * Checks an untrusted file that is to become an image. If the format is detected from the content, harmless images in
 * formats that have to be converted first are accepted too; `kind` distinguishes them.
 * @throws what acceptImage throws
 */
export async function acceptForeignImage(
  path: string,
  { format, ...options }: AcceptForeignOptions,
): Promise<(AcceptedImage & { readonly kind: 'ready' }) | (ForeignImage & { readonly kind: 'convertible' })> {
  const { header, virtualBytes } = await look(path, { format, trusted: false, foreign: true }, options);
  return isForeign(header.format)
    ? { kind: 'convertible', path, format: header.format, virtualBytes, header }
    : { kind: 'ready', path, format: diskFormat(header.format), virtualBytes, header, backing: undefined };
}

/**
 * Checks a medium for a CD drive: an ISO 9660 or UDF volume, or data without a format. QEMU gets it as raw.
 * @throws what acceptImage throws
 */
export async function acceptMedium(
  path: string,
  options: Pick<AcceptOptions, 'field' | 'signal'>,
): Promise<void> {
  await look(path, { format: 'cd', trusted: false, foreign: false }, options);
}

/** @param above the overlays of this image, the top first. */
async function acceptChain(
  path: string,
  options: AcceptOptions,
  above: readonly string[],
): Promise<AcceptedImage> {
  const { format, field, trusted = false, signal } = options;
  const { header, virtualBytes } = await look(path, { format, trusted, foreign: false }, { field, signal });
  const image = { path, format: diskFormat(header.format), virtualBytes, header };
  const chain = [...above, path];
  const backing = await backingFileOf(image, field);
  if (!backing) return { ...image, backing: undefined };
  if (chain.includes(backing.path)) {
    throw new ImageRefusedError(
      field,
      path,
      [`has a loop in its chain of backing files: ${backing.path} appears twice`],
      { hint: `set another backing file in the image: ${rebaseCommand(image, {})}` },
    );
  }
  if (chain.length === LONGEST_CHAIN) {
    const reason = `has too many backing files (limit: ${LONGEST_CHAIN - 1})`;
    throw new ImageRefusedError(field, chain[0] ?? path, [reason], {
      hint: 'merge the chain into one image: qemu-img convert -f qcow2 -O qcow2 IMAGE NEW',
    });
  }
  return {
    ...image,
    backing: await acceptChain(backing.path, { ...options, format: backing.format }, chain),
  };
}

async function look(
  path: string,
  claim: Claim,
  { field, from, signal }: Pick<AcceptOptions, 'field' | 'signal'> & Partial<AcceptForeignOptions>,
): Promise<{ readonly header: ImageHeader; readonly virtualBytes: number }> {
  signal?.throwIfAborted();
  const { header, refusals } = await withImageFile(path, field, async (source) => examine(source, claim));
  signal?.throwIfAborted();
  if (header?.virtualBytes === undefined || refusals.length > 0) {
    const reasons = refusals.map(({ reason }) => reason);
    throw new ImageRefusedError(field, from ?? path, reasons, { hint: refusals[0]?.hint });
  }
  return { header, virtualBytes: header.virtualBytes };
}

/** Returns an image's header and the reasons to reject it; no header if the format is not as claimed. */
export async function examine(
  source: ByteSource,
  claim: Claim,
): Promise<{ readonly header: ImageHeader | undefined; readonly refusals: readonly Refusal[] }> {
  const reading = chooseReading(await detect(source), source.size, claim);
  if (reading.kind === 'refused') return { header: undefined, refusals: [reading.refusal] };
  const header = await readHeader(source, reading.format);
  return { header, refusals: judge(header, claim) };
}

/** A CD image is a raw disk to QEMU. */
function diskFormat(format: UnderstoodFormat): DiskFormat {
  return format === 'qcow2' ? 'qcow2' : 'raw';
}
