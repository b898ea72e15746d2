import { gunzipSync } from 'node:zlib';
import { findProgram } from '../process/program.ts';
import { run } from '../process/run.ts';
import { ImageBuildError } from '../errors.ts';
import type { Compression } from './bzimage.ts';

export interface Decompressors {
  /** A busybox that runs on this host; it brings xz, bzip2 and lzma. */
  readonly busybox: string;
  /** A zstd of the same sources, where the host has none. */
  readonly zstd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Enough for a kernel with debug information left in. */
const MAX_OUTPUT = 1024 * 1024 * 1024;

/** @throws ImageBuildError naming the missing program where this host cannot undo the compression. */
export async function decompress(
  data: Buffer,
  compression: Compression,
  tools: Decompressors,
): Promise<Buffer> {
  if (compression === 'none') return data;
  if (compression === 'gzip') return gunzipSync(data);
  const { stdout } = await run(decompressor(compression, tools), {
    input: data,
    maxBuffer: MAX_OUTPUT,
    signal: tools.signal,
  });
  return stdout;
}

function decompressor(
  compression: Exclude<Compression, 'none' | 'gzip'>,
  tools: Decompressors,
): [string, ...string[]] {
  if (compression === 'zstd' && tools.zstd !== undefined) return [tools.zstd, '-dc'];
  const onHost = findProgram(compression === 'lzo' ? 'lzop' : compression);
  if (onHost !== undefined) return [onHost, '-dc'];
  if (['xz', 'bzip2', 'lzma'].includes(compression)) {
    return [tools.busybox, compression, '-dc'];
  }
  throw new ImageBuildError(`the kernel is compressed with ${compression}, which nothing here can undo`, {
    hint: `Install the program ${compression === 'lzo' ? 'lzop' : compression}.`,
  });
}
