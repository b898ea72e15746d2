import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openUserFile } from '../../util/files/user-file.ts';
import { formatBytes } from '../../util/format-bytes.ts';
import type { DigestTask } from '../digest/digest-thread.ts';
import { FileDigest } from '../digest/file-digest.ts';
import { copyFileSparsely } from '../formats/sparse-copy.ts';
import { MAGIC_BYTES } from '../formats/compression.ts';
import { parseDigest } from '../digest/digest.ts';
import type { DownloadOptions } from './download.ts';
import { DEFAULT_MAX_BYTES, DEFAULT_RESERVE_BYTES } from './http/transfer-limits.ts';
import { type PublishOptions, chooseUnpacking, unpackTo, verifyDigest, writeBeside } from './publish.ts';
import type { TransferredFile } from './result.ts';
import { requireSpace } from './space.ts';
import { localSubject } from './subject.ts';

export interface ImportOptions extends Pick<
  DownloadOptions,
  'to' | 'expected' | 'decompress' | 'maxBytes' | 'reserveBytes' | 'anySize' | 'onProgress' | 'signal'
> {
  /** A local file, which is not changed. */
  readonly path: string;
}

/**
 * Copies a local file like `download`: unpacked and verified. Holes are preserved, and the copy takes no space if the
 * file system supports reflinks.
 * @throws InvalidInputError for a missing, unreadable, irregular or damaged file; DigestMismatchError, NoSpaceError,
 *   PermissionError, MissingProgramError, or the signal's reason.
 */
export async function importFile(options: ImportOptions): Promise<TransferredFile> {
  const { path, to, signal } = options;
  const expected = options.expected && parseDigest(options.expected);
  const publishing: PublishOptions = {
    subject: localSubject(path),
    expected,
    decompress: options.decompress ?? 'auto',
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    reserveBytes: options.reserveBytes ?? DEFAULT_RESERVE_BYTES,
    anySize: options.anySize ?? false,
    signal,
    onProgress: options.onProgress ?? (() => undefined),
  };
  signal?.throwIfAborted();
  const { handle: source } = await openUserFile(path, 'path');
  try {
    return await importOpened(source, path, to, publishing);
  } finally {
    await source.close();
  }
}

async function importOpened(
  source: FileHandle,
  path: string,
  to: string,
  options: PublishOptions,
): Promise<TransferredFile> {
  const { subject, expected: verified } = options;
  const before = await source.stat({ bigint: true });
  const size = Number(before.size);
  if (size > options.maxBytes) {
    const sizes = `${formatBytes(size)} (vmlet reads at most ${formatBytes(options.maxBytes)})`;
    throw subject.refuse('too-large', `is too large: ${sizes}`);
  }
  const { buffer, bytesRead } = await source.read(Buffer.alloc(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
  const compression = chooseUnpacking(buffer.subarray(0, bytesRead), options.decompress, subject);
  const refuseIfChanged = async (): Promise<void> => {
    const after = await source.stat({ bigint: true });
    if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) {
      throw subject.refuse('protocol', 'changed while it was read', {
        hint: 'stop the program that writes to this file, and try again',
      });
    }
  };
  const onChecked = (bytes: number): void => options.onProgress({ phase: 'check', bytes, totalBytes: size });
  if (compression === 'none') {
    await requireSpace(dirname(to), Number(before.blocks) * 512, options.reserveBytes);
    // The program that copies does not report its progress.
    options.onProgress({ phase: 'copy', bytes: 0, totalBytes: undefined });
    const copied = await writeBeside(to, {
      signal: options.signal,
      prepare: async (beside) => copyFileSparsely(path, beside, options.signal),
      write: async (beside) => {
        await beside.resume();
        const algorithm = verified?.algorithm ?? 'sha256';
        verifyDigest(await beside.digest(algorithm, options.signal, onChecked), verified, subject);
        await refuseIfChanged();
      },
    });
    return { path: to, ...copied, compression, verified };
  }
  if (verified) {
    const task = { path, descriptor: source.fd, algorithm: verified.algorithm };
    verifyDigest(await digestOf(task, size, options.signal, onChecked), verified, subject);
  }
  // The file that was verified: another one may have its name now.
  const opened = `/proc/self/fd/${source.fd}`;
  const unpacked = await unpackTo(opened, compression, to, { ...options, verifyEnd: refuseIfChanged });
  return { path: to, ...unpacked, compression, verified };
}

async function digestOf(
  task: DigestTask,
  bytes: number,
  signal: AbortSignal | undefined,
  onRead: (bytes: number) => void,
): Promise<string> {
  const digest = new FileDigest(task);
  try {
    digest.growTo(bytes);
    return await digest.digest(signal, onRead);
  } finally {
    await digest.close();
  }
}
