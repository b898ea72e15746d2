import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { refuseExisting } from '../../images/qemu-img/new-file.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { syncDirectory } from '../../util/files/atomic-file.ts';
import { withinLimits } from '../../util/time/deadline.ts';
import { onAbort } from '../../util/time/on-abort.ts';
import { explainImageFailure } from '../life/locked-image.ts';
import { migrate } from './migration.ts';
import { type MigrationAbilities, migrationAbilitiesOf } from './migration-abilities.ts';
import { startRestoring, startSaving } from './state-file.ts';

const PROGRESS_MS = 250;

export interface SaveProgress {
  /** Bytes of memory that are written or can be skipped, and the total. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

interface SaveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called about every 250 ms. */
  readonly onProgress?: ((progress: SaveProgress) => void) | undefined;
  /** Features of this QEMU; queried by default. */
  readonly abilities?: MigrationAbilities | undefined;
}

export interface SavedState {
  /** Whether the guest was running when it was saved; false for a paused machine. */
  readonly wasRunning: boolean;
}

/**
 * Pauses a machine and writes its memory and devices to a file. The state belongs to the current contents of
 * the disks: end QEMU without resuming the guest. On failure or abort, the machine resumes as before, and
 * there is no file.
 * @param path where QEMU may write. The file is complete once it has this name; only its user may read it.
 * @throws InvalidInputError for an existing file, NoSpaceError, QmpJobError with QEMU's message (as for a
 * device that cannot be saved), the errors of `execute`, or the signal's reason.
 */
export async function saveState(
  qmp: QmpClient,
  path: string,
  { signal, onProgress, abilities }: SaveOptions = {},
): Promise<SavedState> {
  await refuseExisting(path, {
    field: 'saved memory',
    hint: 'move or delete this file, then save the machine again',
  });
  const able = abilities ?? (await migrationAbilitiesOf(qmp));
  const { running } = await qmp.execute('query-status');
  const partial = `${path}.partial`;
  await (await open(partial, 'w', 0o600)).close();
  const report = setInterval(() => void reportProgress(qmp, onProgress), PROGRESS_MS);
  const stopWaiting = signal && onAbort(signal, () => void cancel(qmp));
  try {
    signal?.throwIfAborted();
    if (running) await qmp.execute('stop');
    // The default limit of 128 MiB a second is meant for networks, not files.
    await qmp.execute('migrate-set-parameters', { 'max-bandwidth': Number.MAX_SAFE_INTEGER });
    await migrate(qmp, 'saving the machine', async () => startSaving(qmp, partial, able));
    signal?.throwIfAborted();
    await persist(partial, path);
  } catch (error) {
    // While the file exists, it is possible to check whether QEMU can see it.
    const explained = await explainImageFailure(error, [path, partial]);
    await rm(partial, { force: true });
    // It may already have its final name. The machine must not resume while a file with outdated memory
    // exists.
    await rm(path, { force: true });
    // A machine that has ended cannot resume; the first error says so.
    if (running) await qmp.execute('cont').catch(() => undefined);
    signal?.throwIfAborted();
    throw explained;
  } finally {
    clearInterval(report);
    stopWaiting?.();
  }
  return { wasRunning: running };
}

export interface RestoreOptions extends SavedState {
  readonly signal?: AbortSignal | undefined;
  /** Features of this QEMU; queried by default. */
  readonly abilities?: MigrationAbilities | undefined;
}

/**
 * Loads memory and devices of a saved machine into a new QEMU, and resumes the guest if it was running. QEMU
 * must have been started with the same hardware and disks, `-incoming defer` and `-S`. The file must not be
 * used again afterwards. On failure the file is unchanged, and QEMU has to be ended.
 * @throws QmpJobError or QmpRefusedError with QEMU's message, PermissionError, the errors of `execute`, or
 * the signal's reason.
 */
export async function restoreState(
  qmp: QmpClient,
  path: string,
  { wasRunning, signal, abilities }: RestoreOptions,
): Promise<void> {
  const able = abilities ?? (await migrationAbilitiesOf(qmp));
  const restoring = migrate(qmp, 'restoring the machine', async () => startRestoring(qmp, path, able));
  try {
    await withinLimits('restoring the machine', restoring, { signal });
  } catch (error) {
    throw await explainImageFailure(error, [path]);
  }
  if (wasRunning) await qmp.execute('cont');
}

async function cancel(qmp: QmpClient): Promise<void> {
  try {
    await qmp.execute('migrate_cancel');
  } catch {
    // The connection has ended; the call that waits for the migration reports it.
  }
}

async function reportProgress(qmp: QmpClient, onProgress: SaveOptions['onProgress']): Promise<void> {
  if (!onProgress) return;
  try {
    const { ram } = await qmp.execute('query-migrate');
    if (!ram) return;
    const totalBytes = Number(ram.total);
    onProgress({ doneBytes: totalBytes - Number(ram.remaining), totalBytes });
  } catch {
    // The connection has ended; the call that waits for the migration reports it.
  }
}

/** QEMU does not flush its writes to the disk. */
async function persist(partial: string, path: string): Promise<void> {
  const file = await open(partial, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  syncDirectory(dirname(path));
}
