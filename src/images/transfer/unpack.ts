import { confineToFiles } from '../../process/confine-to-files.ts';
import { aMomentFor, outputUntilGone } from '../../process/orphaned-output.ts';
import { requireProgram } from '../../process/program.ts';
import { DISK_STANDSTILL_MS, endAtStandstill } from '../../process/standstill.ts';
import { supervise } from '../../process/supervise.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { Scope } from '../../util/scope.ts';
import { formatBytes } from '../qemu-img/disk-size.ts';
import type { Compression } from './compression.ts';
import type { DigestingFile } from './digesting-file.ts';
import { inSteps } from './progress-steps.ts';
import { requireSpace } from './space.ts';
import type { Subject } from './subject.ts';

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
  const { subject, maxBytes, signal } = options;
  const [shell, unpacker] = [requireProgram('sh'), requireUnpacker(method)];
  signal?.throwIfAborted();
  await using scope = new Scope();
  const program = supervise(
    // Its messages have a connection of their own.
    [shell, '-c', 'exec "$@" <"$0" >&3', from, unpacker, ...PROGRAMS[method].argv.slice(1)],
    {
      environment: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
      descriptors: ['pipe'],
      confinement: await confineToFiles({
        programs: [shell, unpacker],
        readOnly: [from],
        own: [],
        longestFile: 0,
      }),
    },
    scope,
  );
  const content = program.connections.get(3);
  if (content === undefined) throw new TypeError('descriptor 3 is not connected');
  if (signal) scope.defer(onAbort(signal, () => content.destroy()));
  const standstill = endAtStandstill(method, program.pid, DISK_STANDSTILL_MS, () => program.kill('SIGKILL'));
  scope.defer(standstill.stop);
  const tell = inSteps(options.onProgress);
  let nextCheck = 0;
  try {
    for await (const chunk of outputUntilGone(content, program.exited)) {
      if (to.bytes + chunk.length > maxBytes) {
        throw subject.refuse('too-large', `unpacks to more than the ${formatBytes(maxBytes)} allowed`);
      }
      if (to.bytes >= nextCheck) {
        await requireSpace(options.directory, chunk.length, options.reserveBytes);
        nextCheck = to.bytes + CHECK_BYTES;
      }
      to.write(chunk);
      await to.keepUp();
      tell(to.bytes);
    }
    options.onProgress(to.bytes);
  } finally {
    signal?.throwIfAborted();
  }
  const status = await program.exited;
  await aMomentFor(program.outputEnded);
  standstill.throwIfEnded();
  if (status.exitCode === 0) {
    if (to.bytes === 0) throw subject.refuse('compression', `is empty: ${method} unpacks nothing from it`);
    return;
  }
  const words = program.output.last(1)[0] ?? '';
  throw subject.refuse(
    'compression',
    `is damaged: ${method} cannot unpack it${words === '' ? '' : ` (${words})`}`,
  );
}
