import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DigestMismatchError, isSystemError } from '../../errors/index.ts';
import { syncDirectory } from '../../util/files/atomic-file.ts';
import { writeFailure } from '../../util/files/write-failure.ts';
import type { TransferProgress } from './progress-steps.ts';
import { type Compression, compressionOf } from '../formats/compression.ts';
import type { ExpectedDigest } from '../digest/digest.ts';
import { DigestingFile } from './digesting-file.ts';
import type { TransferredFile } from './result.ts';
import { requireSpace } from './space.ts';
import type { Subject } from './subject.ts';
import { requireUnpacker, unpack } from './unpack.ts';

export interface PublishOptions {
  readonly subject: Subject;
  readonly expected: ExpectedDigest | undefined;
  readonly decompress: 'auto' | Compression;
  readonly maxBytes: number;
  readonly reserveBytes: number;
  readonly anySize: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (progress: TransferProgress) => void;
}

/**
 * Chooses how to unpack a file, by its first bytes.
 * @throws MissingProgramError, or an error of `subject` for a file that is not compressed as required.
 */
export function chooseUnpacking(
  head: Buffer,
  decompress: 'auto' | Compression,
  subject: Subject,
): Compression {
  if (decompress === 'none') return 'none';
  const found = compressionOf(head);
  if (decompress !== 'auto' && found !== decompress) {
    throw subject.refuse('compression', `is not compressed with ${decompress}`, {
      hint: 'if the image is in your own catalogue, correct its compression there; otherwise update vmlet',
    });
  }
  if (found !== 'none') requireUnpacker(found);
  return found;
}

/** @throws DigestMismatchError. */
export function verifyDigest(
  received: string | undefined,
  expected: ExpectedDigest | undefined,
  subject: Subject,
): void {
  if (!expected || received === expected.hex) return;
  throw new DigestMismatchError(subject.shown, expected.algorithm, expected.hex, received ?? 'none');
}

/**
 * Verifies a complete file, unpacks it and moves it to its place. The target appears only once all of it is on the
 * disk.
 * The file is closed, and removed from its old path.
 * @throws DigestMismatchError, NoSpaceError, PermissionError, an error of `subject`, or the signal's reason.
 */
export async function publish(
  file: DigestingFile,
  to: string,
  options: PublishOptions,
): Promise<TransferredFile> {
  const { signal, expected: verified } = options;
  const compression = chooseUnpacking(file.head, options.decompress, options.subject);
  const verify = async (): Promise<void> => {
    const received = verified && (await file.digest(verified.algorithm, signal));
    verifyDigest(received, verified, options.subject);
  };
  signal?.throwIfAborted();
  if (compression === 'none') {
    const { bytes } = file;
    const [sha256] = await Promise.all([file.digest('sha256', signal), verify(), file.sync()]);
    await file.close();
    if (!(await moveWithin(file.path, to))) await copyAcross(file.path, bytes, to, options);
    syncDirectory(dirname(to));
    return { path: to, bytes, sha256, compression, verified };
  }
  await verify();
  await file.close();
  const unpacked = await unpackTo(file.path, compression, to, options);
  await rm(file.path);
  return { path: to, ...unpacked, compression, verified };
}

/**
 * Unpacks a file to its place. @param options.verifyEnd called after unpacking; if it throws, nothing is published.
 */
export async function unpackTo(
  from: string,
  method: Exclude<Compression, 'none'>,
  to: string,
  options: PublishOptions & { readonly verifyEnd?: () => Promise<void> },
): Promise<WrittenFile> {
  return writeBeside(to, {
    signal: options.signal,
    write: async (beside) => {
      await unpack(from, method, beside, {
        ...options,
        directory: dirname(to),
        onProgress: (bytes) => options.onProgress({ phase: 'unpack', bytes, totalBytes: undefined }),
      });
      await options.verifyEnd?.();
    },
  });
}

/** Renames a file. False if the paths are on different file systems. */
async function moveWithin(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EXDEV')) return false;
    throw writeFailure(error, to);
  }
}

async function copyAcross(from: string, bytes: number, to: string, options: PublishOptions): Promise<void> {
  await requireSpace(dirname(to), bytes, options.reserveBytes);
  await writeBeside(to, {
    signal: options.signal,
    write: async (beside) =>
      beside.copyFrom(from, options.signal, (copied) =>
        options.onProgress({ phase: 'copy', bytes: copied, totalBytes: bytes }),
      ),
  });
  await rm(from);
}

interface WrittenFile {
  readonly bytes: number;
  readonly sha256: string;
}

interface BesideOptions {
  readonly signal: AbortSignal | undefined;
  /** Called before the temporary file is opened, and may write to it. */
  readonly prepare?: (path: string) => Promise<void>;
  readonly write: (beside: DigestingFile) => Promise<void>;
}

/** Writes a file under a temporary name, and renames it once it is on the disk. */
export async function writeBeside(
  to: string,
  { signal, prepare, write }: BesideOptions,
): Promise<WrittenFile> {
  const path = `${to}.new`;
  try {
    await rm(path, { force: true });
    // Private to this user, regardless of the mode of the source.
    await (await open(path, 'wx', 0o600)).close();
    await prepare?.(path);
    const beside = await DigestingFile.open(path);
    let result: WrittenFile;
    try {
      beside.beginDigest('sha256');
      await write(beside);
      const [sha256] = await Promise.all([beside.digest('sha256', signal), beside.sync()]);
      result = { bytes: beside.bytes, sha256 };
    } finally {
      await beside.close();
    }
    signal?.throwIfAborted();
    await rename(path, to);
    syncDirectory(dirname(to));
    return result;
  } catch (error) {
    await rm(path, { force: true });
    throw writeFailure(error, to);
  }
}
