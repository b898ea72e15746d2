import { ImageRefusedError } from '../../errors/index.ts';
import type { DiskFormat } from '../formats/disk-info.ts';
import { backingFileOf } from './backing-file.ts';
import type { ByteSource } from './formats/byte-source.ts';
import { withImageFile } from './image-file.ts';
import type { ImageHeader, UnderstoodFormat } from './formats/image-header.ts';
import { detect, readHeader } from './read-header.ts';
import { type Claim, type ForeignFormat, type Refusal, chooseReading, isForeign, judge } from './verdict.ts';

export type { ForeignFormat } from './verdict.ts';

/** More than anybody's chain of snapshots, and QEMU opens them all at once. */
const LONGEST_CHAIN = 64;

export interface AcceptOptions {
  /** Undefined where the content decides, as for what was downloaded. */
  readonly format: DiskFormat | undefined;
  /** Names the image in errors, as in `disks[0]`. */
  readonly field: string;
  /**
   * It is the user's own, or from somebody whom the user trusts: then it may have a backing file, be larger than 64 TiB
   * or marked as corrupt, and a raw disk may hold what looks like another format; false by default.
   */
  readonly trusted?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image that QEMU can be given: its header is sound, and it names no file that is not told here. */
export interface AcceptedImage {
  readonly path: string;
  readonly format: DiskFormat;
  /** The size of the disk that the guest sees. */
  readonly virtualBytes: number;
  readonly header: ImageHeader;
  /** What a trusted image stands on, looked at like itself. */
  readonly backing: AcceptedImage | undefined;
}

/** A harmless image that `qemu-img convert` can make a qcow2 of. */
export interface ForeignImage {
  readonly path: string;
  /** As `qemu-img convert -f` takes it. */
  readonly format: ForeignFormat;
  /** The size of the disk that the guest would see. */
  readonly virtualBytes: number;
  readonly header: ImageHeader;
}

/**
 * Looks into an image before QEMU does, and runs no program for it. It reads a few MiB at most.
 *
 * What is told was true of the file that had this name then. Who can write to the file or its directory can exchange
 * it afterwards: QEMU has to be told the format and the whole chain, and be kept from all other files.
 * @throws ImageRefusedError that says what is wrong with it and what to do; InvalidInputError for one that is not there
 *   or may not be read; the signal's reason on abort.
 */
export async function acceptImage(path: string, options: AcceptOptions): Promise<AcceptedImage> {
  return acceptChain(path, options, []);
}

export interface AcceptForeignOptions extends Omit<AcceptOptions, 'trusted'> {
  /** Where it came from, for errors: who gave it does not know the place where it lies now. */
  readonly from: string;
}

/**
 * The same for what somebody else made, to be made an image of: where its content decides, formats that have to be
 * converted first are taken too, if nothing speaks against them. `kind` tells the two apart.
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
 * The same for what is laid into a CD drive: a volume of ISO 9660 or UDF, or what has no format. QEMU gets it as raw.
 * @throws what acceptImage throws
 */
export async function acceptMedium(
  path: string,
  options: Pick<AcceptOptions, 'field' | 'signal'>,
): Promise<void> {
  await look(path, { format: 'cd', trusted: false, foreign: false }, options);
}

/** @param above the images that stand on this one, the top first. */
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
    throw new ImageRefusedError(field, path, [`stands on itself, by way of ${backing.path}`]);
  }
  if (chain.length === LONGEST_CHAIN) {
    throw new ImageRefusedError(field, chain[0] ?? path, [`stands on more than ${LONGEST_CHAIN} files`], {
      hint: 'shorten the chain: qemu-img convert makes one image of it',
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

/** What an image is and what speaks against it; where it is not of the format that it should be, it has no header. */
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
