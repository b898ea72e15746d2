import { open } from 'node:fs/promises';
import { confineToFiles } from '../../process/confine-to-files.ts';
import { startHelper } from '../../process/helper.ts';
import { aMomentFor, outputUntilGone } from '../../process/orphaned-output.ts';
import { requireProgram } from '../../process/program.ts';
import { DISK_STANDSTILL_MS, endAtStandstill } from '../../process/standstill.ts';
import { exitOf } from '../../process/start-process.ts';
import { Scope } from '../../util/scope.ts';
import { Tail } from '../../util/tail.ts';
import type { Compression } from '../formats/compression.ts';
import type { DigestingFile } from './digesting-file.ts';
import { announcedBytes } from '../formats/announced-size.ts';
import { inSteps } from './progress-steps.ts';
import { requireSpace } from './space.ts';
import type { Subject } from './subject.ts';
import { UnpackLimit } from './unpack-limit.ts';

type Method = Exclude<Compression, 'none'>;

/** A file may ask for a window of any size to be unpacked in; this is far above what is in use. */
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
  /** Bytes that stay free in the directory that is written to. */
  readonly reserveBytes: number;
  /** Whatever it says of its size, `maxBytes` apart. */
  readonly anySize: boolean;
  readonly directory: string;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: (bytes: number) => void;
}

/**
 * The program's path.
 * @throws MissingProgramError where this host cannot unpack it: to be known before anything is downloaded.
 */
export function requireUnpacker(method: Method): string {
  const { argv, hint } = PROGRAMS[method];
  return requireProgram(argv[0], `${hint}: the file is compressed with ${method}`);
}

/** Between two looks at how much room is left. */
const CHECK_BYTES = 16 * 1024 * 1024;

/**
 * Unpacks a file into another. The program that does it reads what a stranger wrote: it gets that file and a
 * connection, and reaches nothing else.
 * @throws MissingProgramError, NoSpaceError, StandstillError when that program does nothing for a minute, what `subject`
 *   says of damaged, empty or endless content, or the signal's reason.
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
  const tell = inSteps(options.onProgress);
  let nextCheck = 0;
  try {
    // From now on: execa throws away what nobody reads by its next turn.
    for await (const chunk of outputUntilGone(child.stdout, exited)) {
      limit.check(chunk.length);
      if (to.bytes >= nextCheck) {
        await requireSpace(options.directory, chunk.length, options.reserveBytes);
        nextCheck = to.bytes + CHECK_BYTES;
      }
      to.write(chunk);
      await to.keepUp();
      tell(to.bytes);
    }
  } finally {
    signal?.throwIfAborted();
  }
  options.onProgress(to.bytes);
  const { exitCode } = await exited;
  await aMomentFor(ended);
  standstill.throwIfEnded();
  if (exitCode === 0) {
    if (to.bytes === 0) throw subject.refuse('compression', `is empty: ${method} unpacks nothing from it`);
    return;
  }
  const words = messages.last(1)[0] ?? '';
  throw subject.refuse(
    'compression',
    `is damaged: ${method} cannot unpack it${words === '' ? '' : ` (${words})`}`,
  );
}
