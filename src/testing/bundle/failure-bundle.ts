import { rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { RunningMachine } from '../../machine/running/running-machine.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { makeDirectories } from '../../util/files/make-directories.ts';
import { type BundlePart, bundleParts } from './bundle-parts.ts';
import { type CreationOptions, reproduceScript } from './reproduce-script.ts';

/** A machine of a failed test. */
export interface FailedMachine {
  readonly machine: RunningMachine;
  /** Options that the machine was created from; `reproduce.sh` needs them. */
  readonly origin?: CreationOptions | undefined;
}

/** Options of a failure bundle. */
export interface FailureBundleOptions {
  /** Name of the test, for the index. */
  readonly test?: string | undefined;
  /** Error of the test, for the index. */
  readonly error?: unknown;
  /** Time limit in milliseconds for all queries of QEMU and the guests; 10 000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Maximum size of each file; of a longer one, the end is kept. 8 MiB by default. */
  readonly mostBytes?: number | undefined;
}

/** A written failure bundle. */
export interface FailureBundle {
  readonly directory: string;
  /** Paths of the files in the directory. */
  readonly files: readonly string[];
  /** Unavailable files, with the reasons. */
  readonly missing: readonly MissingPart[];
}

/** An unavailable file of a failure bundle. */
export interface MissingPart {
  readonly file: string;
  readonly why: string;
}

const TIMEOUT_MS = 10_000;
const MOST_BYTES = 8 * 1024 * 1024;

/**
 * Writes all available information about machines to a directory, with a folder for each: console, journal, screen,
 * QEMU's monitor, log and command line, versions, and a script that creates the machine again. `README.txt` lists what is
 * unavailable, with reasons: a guest that hangs or has ended takes at most `timeoutMs`. An existing bundle is replaced.
 *
 * Rejects only when the directory cannot be written. Only this user can read it.
 * @param machines the machines by their labels in the test.
 */
export async function writeFailureBundle(
  machines: Readonly<Record<string, FailedMachine>>,
  directory: string,
  options: FailureBundleOptions = {},
): Promise<FailureBundle> {
  const { timeoutMs = TIMEOUT_MS, mostBytes = MOST_BYTES } = options;
  const beside = join(dirname(directory), `.${basename(directory)}.${process.pid}`);
  await rm(beside, { recursive: true, force: true });
  try {
    const written = await Promise.all(
      Object.entries(machines).map(async ([label, failed]) => {
        const folder = join(beside, folderName(label));
        makeDirectories(folder);
        return writeParts(label, failed, folder, { timeoutMs, mostBytes });
      }),
    );
    const parts = written.flat();
    makeDirectories(beside);
    await writeFile(join(beside, 'README.txt'), indexOf(machines, parts, options), { mode: 0o600 });
    await rm(directory, { recursive: true, force: true });
    await rename(beside, directory);
    return {
      directory,
      files: ['README.txt', ...parts.filter(({ why }) => why === undefined).map(({ file }) => file)],
      missing: parts.flatMap(({ file, why }) => (why === undefined ? [] : [{ file, why }])),
    };
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    throw error;
  }
}

interface WrittenPart {
  /** Path in the bundle. */
  readonly file: string;
  readonly what: string;
  /** Why it is missing. */
  readonly why: string | undefined;
  /** Bytes omitted from its beginning. */
  readonly cutBytes: number;
}

async function writeParts(
  label: string,
  { machine, origin }: FailedMachine,
  folder: string,
  { timeoutMs, mostBytes }: { readonly timeoutMs: number; readonly mostBytes: number },
): Promise<WrittenPart[]> {
  const deadline = new AbortController();
  const parts = [...bundleParts(mostBytes), reproducePart(label, origin)];
  try {
    return await Promise.all(
      parts.map(async (part) => {
        const { file, what, mode } = part;
        const path = join(folderName(label), file);
        const content = await contentOf(part, machine, deadline.signal, timeoutMs);
        if (typeof content === 'string') return { file: path, what, why: content, cutBytes: 0 };
        const cutBytes = part.keeps === 'end' ? Math.max(0, content.length - mostBytes) : 0;
        await writeFile(join(folder, file), content.subarray(cutBytes), { mode });
        return { file: path, what, why: undefined, cutBytes };
      }),
    );
  } finally {
    // Abort queries of guests that do not answer.
    deadline.abort(new Error('the bundle is written'));
  }
}

/** @returns a string with the reason when the part is unavailable. */
async function contentOf(
  { read }: BundlePart,
  machine: RunningMachine,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Buffer | string> {
  try {
    const content = await withinLimits(
      'reading it',
      Promise.resolve().then(async () => read(machine, signal)),
      {
        timeoutMs,
      },
    );
    return Buffer.from(content as Uint8Array);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function reproducePart(label: string, origin: CreationOptions | undefined): BundlePart {
  return {
    file: 'reproduce.sh',
    what: 'a script that creates the machine as it was at the start of the test',
    mode: 0o700,
    keeps: 'all',
    read: async () => {
      if (!origin)
        throw new Error(
          "writeFailureBundle was called without this machine's origin (the options that created the machine)",
        );
      return Promise.resolve(reproduceScript(origin, { label, cwd: process.cwd() }));
    },
  };
}

function indexOf(
  machines: Readonly<Record<string, FailedMachine>>,
  parts: readonly WrittenPart[],
  { test, error }: FailureBundleOptions,
): string {
  const names = Object.entries(machines).map(([label, { machine }]) => `${label} (${machine.name})`);
  const failure = error === undefined ? [] : ['', 'The test failed with:', messageOf(error)];
  const lines = parts.map(({ file, what, why, cutBytes }) => {
    const cut = cutBytes > 0 ? `; the first ${cutBytes} bytes are omitted to limit the file's size` : '';
    return why === undefined ? `${file}: ${what}${cut}` : `${file} is missing: ${why}`;
  });
  const about =
    test === undefined ? 'Machines of a test that failed' : `Machines of the failed test "${test}"`;
  return `${[`${about}: ${names.join(', ')}`, `Written at ${new Date().toISOString()}.`, ...failure, '', ...lines].join('\n')}\n`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Returns a path component, unique for each label. */
function folderName(label: string): string {
  return encodeURIComponent(label).replace(/^\./, '%2E');
}
