import { open } from 'node:fs/promises';
import { confineToFiles } from '../../process/confine-to-files.ts';
import { startHelper } from '../../process/helper.ts';
import { aMomentFor, outputUntilGone } from '../../process/output/orphaned-output.ts';
import { requireProgram } from '../../process/program.ts';
import { DISK_STANDSTILL_MS, endAtStandstill } from '../../process/standstill.ts';
import { exitOf } from '../../process/start-process.ts';
import { Scope } from '../../util/scope.ts';
import { Tail } from '../../process/output/tail.ts';
import type { Compression } from '../formats/compression.ts';
import type { DigestingFile } from './digesting-file.ts';
import { announcedBytes } from '../formats/announced-size.ts';
import { inSteps } from './progress-steps.ts';
import { requireSpace } from './space.ts';
import type { Subject } from './subject.ts';
import { UnpackLimit } from './unpack-limit.ts';

type Method = Exclude<Compression, 'none'>;

/** Memory limit for unpacking, far above real files: a file may demand any window size. */
const MEMORY = '1024MiB';

const PROGRAMS: Readonly<
  Record<Method, { readonly argv: readonly [string, ...string[]]; readonly hint: string }>
> = {
  xz: {
    argv: ['xz', '--decompress', '--stdout', `--memlimit-decompress=${MEMORY}`],
    hint: 'install xz-utils (Debian, Ubuntu) or xz (Fedora, Alpine, Arch)',
  },
  gzip: { argv: ['gzip', '--decompress', '--stdout'], hint: 'install gzip' },
  zstd: { argv: ['zstd', '--decompress', '--stdout', '--quiet', `--memory=${MEMORY}`], hint: 'install zstd' },
  bzip2: { argv: ['bzip2', '--decompress', '--stdout'], hint: 'install bzip2' },
};

export interface UnpackOptions {
  readonly subject: Subject;
  readonly maxBytes: number;
  /** Bytes that have to stay free in `directory`. */
  readonly reserveBytes: number;
  /** Accept any size up to `maxBytes`. */
  readonly anySize: boolean;
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (bytes: number) => void;
}

/**
 * Returns the path of the program for a method. Called before a download, to fail early.
 * @throws MissingProgramError
 */
export function requireUnpacker(method: Method): string {
  const { argv, hint } = PROGRAMS[method];
  return requireProgram(argv[0], `${hint} to unpack the file`);
}

/** How much is written between two checks of the free space. */
const CHECK_BYTES = 16 * 1024 * 1024;

/**
 * Unpacks a file into another. The program reads untrusted data, so it has access to nothing but that file and its
 * output.
 * @throws MissingProgramError, NoSpaceError, StandstillError when that program makes no progress for a minute, an
 *   error of `subject` for damaged, empty or endless content, or the signal's reason.
 */
export async function unpack(
  from: string,
  method: Method,
  to: DigestingFile,
  options: UnpackOptions,
): Promise<void> {
  const { subject, signal } = options;
  const unpacker = requireUnpacker(method);
  await using scope = new Scope();
  const file = await open(from);
  scope.defer(async () => file.close());
  const limit = await UnpackLimit.begin(to, {
    ...options,
    announcedBytes: await announcedBytes(file, method),
  });
  const { child, pid, ended } = await startHelper(
    [unpacker, ...PROGRAMS[method].argv.slice(1)],
    {
      environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      input: file.fd,
      confinement: await confineToFiles({ programs: [unpacker], readOnly: [], own: [], longestFile: 0 }),
      signal,
    },
    { buffer: false },
  );
  const kill = (): void => void child.kill('SIGKILL');
  const exited = exitOf(child);
  scope.defer(async () => {
    kill();
    await exited;
    for (const stream of [child.stdout, child.stderr]) stream.destroy();
  });
  const messages = new Tail();
  child.stderr.on('data', (chunk: Buffer) => messages.push(chunk));
  const standstill = endAtStandstill(method, pid, DISK_STANDSTILL_MS, kill);
  scope.defer(standstill.stop);
  const report = inSteps(options.onProgress);
  let nextCheck = 0;
  try {
    // Read without delay: execa drops output that is not read by its next turn.
    for await (const chunk of outputUntilGone(child.stdout, exited)) {
      limit.check(chunk.length);
      if (to.bytes >= nextCheck) {
        await requireSpace(options.directory, chunk.length, options.reserveBytes);
        nextCheck = to.bytes + CHECK_BYTES;
      }
      to.write(chunk);
      await to.keepUp();
      report(to.bytes);
    }
  } finally {
    signal?.throwIfAborted();
  }
  options.onProgress(to.bytes);
  const { exitCode } = await exited;
  await aMomentFor(ended);
  standstill.throwIfEnded();
  if (exitCode === 0) {
    if (to.bytes === 0) throw subject.refuse('compression', `is empty after unpacking with ${method}`);
    return;
  }
  const message = messages.last(1)[0] ?? '';
  throw subject.refuse(
    'compression',
    `is corrupt: ${method} failed${message === '' ? '' : ` (${message})`}`,
    {
      hint: 'download or copy the file again, and compare its checksum with the published one',
    },
  );
}
