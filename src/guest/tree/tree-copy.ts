import { basename } from 'node:path';
import { GuestSetupError } from '../../errors/index.ts';
import type { GuestAgent } from '../agent/agent.ts';
import type { GuestResult } from '../agent/process.ts';

/** Runs commands in a guest: its agent, or a machine. */
export type GuestCommands = Pick<GuestAgent, 'exec'>;

/** Options of a copy between host and guest. */
export interface CopyOptions {
  /** Called with the bytes of a directory's tar stream so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** GNU tar's status when a file has changed while it was read. The archive is whole; busybox has it for other errors, too. */
export const CHANGED = 1;
/** GNU tar's words for each such file. */
const CHANGED_FILES =
  /^(?:.*: (?:file changed as we read it|File removed before we read it|File shrank by \d+ bytes?; padding with zeros)\n)+$/;

/**
 * Awaits a step of a copy in the guest.
 * @param mayChange accepts that files changed while they were read.
 * @throws GuestSetupError.
 */
export async function requireSuccess(
  process: PromiseLike<GuestResult>,
  step: string,
  mayChange = false,
): Promise<void> {
  const { exitCode, stderr } = await process;
  if (mayChange && exitCode === CHANGED && CHANGED_FILES.test(stderr.toString())) return;
  if (exitCode !== 0) throw new GuestSetupError(step, exitCode, stderr.toString());
}

/** Name of a directory; undefined if only its contents are copied. */
export function nameOf(path: string): string | undefined {
  const name = /(^|\/)\.{1,2}\/*$/.test(path) ? '' : basename(path);
  return name === '' ? undefined : name;
}

/** Passes a stream on, and reports the bytes so far. */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  onProgress: CopyOptions['onProgress'],
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    onProgress?.(bytes);
    yield chunk;
  }
}
