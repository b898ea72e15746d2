import { gunzipSync } from 'node:zlib';
import { findProgram } from '../../process/program.ts';
import { run } from '../../process/run.ts';
import { ImageBuildError } from '../../errors/index.ts';
import type { Compression } from './bzimage.ts';

export interface Decompressors {
  /** A busybox that runs on this host, with xz, bzip2 and lzma; undefined for none. */
  readonly busybox?: string | undefined;
  /** Fetches a program that is not installed, and returns its path; undefined if it cannot be fetched. */
  readonly fetchProgram?: ((name: string) => Promise<string | undefined>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Enough for a kernel with debug information. */
const MAX_OUTPUT = 1024 * 1024 * 1024;

/** Decompresses data. @throws ImageBuildError naming the missing program. */
export async function decompress(
  data: Buffer,
  compression: Compression,
  tools: Decompressors,
): Promise<Buffer> {
  if (compression === 'none') return data;
  if (compression === 'gzip') return gunzipSync(data);
  const { stdout } = await run(await decompressor(compression, tools), {
    // A fetched program is in the user's directories, which may be mounted noexec.
    evenNoexec: true,
    input: data,
    maxBuffer: MAX_OUTPUT,
    signal: tools.signal,
  });
  return stdout;
}

/** Returns a command. Neither Node 20 nor busybox has lz4, which Debian 12's kernel needs, nor zstd for newer ones. */
async function decompressor(
  compression: Exclude<Compression, 'none' | 'gzip'>,
  tools: Decompressors,
): Promise<[string, ...string[]]> {
  const name = compression === 'lzo' ? 'lzop' : compression;
  const onHost = findProgram(name);
  if (onHost !== undefined) return [onHost, '-dc'];
  if (tools.busybox !== undefined && ['xz', 'bzip2', 'lzma'].includes(name)) {
    return [tools.busybox, name, '-dc'];
  }
  const fetched = await tools.fetchProgram?.(name);
  if (fetched !== undefined) return [fetched, '-dc'];
  throw new ImageBuildError(
    `the kernel is compressed with ${compression}; decompressing it requires the program ${name}`,
    { hint: `install ${name}` },
  );
}
