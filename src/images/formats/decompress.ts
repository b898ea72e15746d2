import { gunzipSync } from 'node:zlib';
import { findProgram } from '../../process/program.ts';
import { run } from '../../process/run.ts';
import { ImageBuildError } from '../../errors/index.ts';
import type { Compression } from './bzimage.ts';

export interface Decompressors {
  /** A busybox that runs on this host; it brings xz, bzip2 and lzma. */
  readonly busybox: string;
  /** Path of a program of the distribution that this host lacks; undefined where it cannot be fetched. */
  readonly fetchProgram?: ((name: string) => Promise<string | undefined>) | undefined;
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
  const { stdout } = await run(await decompressor(compression, tools), {
    // What was fetched lies in the user's directories, which a host may have mounted noexec.
    evenNoexec: true,
    input: data,
    maxBuffer: MAX_OUTPUT,
    signal: tools.signal,
  });
  return stdout;
}

/** Of programs that none of Node 20 and busybox replaces, Debian 12's kernel needs lz4 and most newer ones zstd. */
async function decompressor(
  compression: Exclude<Compression, 'none' | 'gzip'>,
  tools: Decompressors,
): Promise<[string, ...string[]]> {
  const name = compression === 'lzo' ? 'lzop' : compression;
  const onHost = findProgram(name);
  if (onHost !== undefined) return [onHost, '-dc'];
  if (['xz', 'bzip2', 'lzma'].includes(name)) return [tools.busybox, name, '-dc'];
  const fetched = await tools.fetchProgram?.(name);
  if (fetched !== undefined) return [fetched, '-dc'];
  throw new ImageBuildError(`the kernel is compressed with ${compression}, and ${name} is not installed`, {
    hint: `Install the program ${name}.`,
  });
}
