import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
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
  /** Bytes of memory that are written or need not be, and all of them. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

interface SaveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called about every 250 ms. */
  readonly onProgress?: ((progress: SaveProgress) => void) | undefined;
  /** What this QEMU can do; it is asked by default. */
  readonly abilities?: MigrationAbilities | undefined;
}

export interface SavedState {
  /** Whether the guest ran when it was saved; false for a machine that was paused. */
  readonly wasRunning: boolean;
}

/**
 * Stops a machine and writes memory and devices to a file. What the disks hold now belongs to it: end QEMU without
 * letting the guest run on. When anything fails, and on abort, the machine runs on as it did and there is no file.
 * @param path lies where QEMU may write. The file is complete when it has this name; only its user may read it.
 * @throws InvalidInputError for a file that is there already, NoSpaceError, QmpJobError with QEMU's words (as for a
 *   device that cannot be saved), what `execute` throws, or the signal's reason.
 */
export async function saveState(
  qmp: QmpClient,
  path: string,
  { signal, onProgress, abilities }: SaveOptions = {},
): Promise<SavedState> {
  await refuseExisting(path);
  const able = abilities ?? (await migrationAbilitiesOf(qmp));
  const { running } = await qmp.execute('query-status');
  const partial = `${path}.partial`;
  await (await open(partial, 'w', 0o600)).close();
  const report = setInterval(() => void reportProgress(qmp, onProgress), PROGRESS_MS);
  const stopWaiting = signal && onAbort(signal, () => void cancel(qmp));
  try {
    signal?.throwIfAborted();
    if (running) await qmp.execute('stop');
    // The network's limit of 128 MiB a second is not for files.
    await qmp.execute('migrate-set-parameters', { 'max-bandwidth': Number.MAX_SAFE_INTEGER });
    await migrate(qmp, 'saving the machine', async () => startSaving(qmp, partial, able));
    signal?.throwIfAborted();
    await persist(partial, path);
  } catch (error) {
    // As long as the file is there it can be told whether QEMU sees it.
    const explained = await explainImageFailure(error, [path, partial]);
    await rm(partial, { force: true });
    // It may have its name already. With a file of yesterday's memory beside it the machine must not run on.
    await rm(path, { force: true });
    // A machine that has ended cannot run on; the first error says so.
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
  /** What this QEMU can do; it is asked by default. */
  readonly abilities?: MigrationAbilities | undefined;
}

/**
 * Gives a new QEMU the memory and devices of a saved one, and lets the guest run on where it ran. It was started with
 * the same hardware and disks, `-incoming defer` and `-S`; the file is of no use after that. When it fails, the file is
 * as it was and QEMU has to be ended.
 * @throws QmpJobError or QmpRefusedError with QEMU's words, PermissionError, what `execute` throws, or the signal's reason.
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
    // The connection ended; whoever waits for the migration is told.
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
    // The connection ended; whoever waits for the migration is told.
  }
}

async function refuseExisting(path: string): Promise<void> {
  try {
    await stat(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  throw new InvalidInputError('path', `there is a saved state at ${path} already`, {
    hint: 'restore it or remove it first',
  });
}

/** QEMU does not wait until what it wrote is on the disk. */
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
