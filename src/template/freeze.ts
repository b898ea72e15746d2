import { open } from 'node:fs/promises';
import type { QmpClient } from '../qmp/index.ts';
import { syncDirectory } from '../util/files/atomic-file.ts';
import { migrate } from '../machine/state/migration.ts';
import { type MigrationAbilities, migrationAbilitiesOf } from '../machine/state/migration-abilities.ts';
import { startSaving } from '../machine/state/state-file.ts';
import type { TemplateFiles } from './template-files.ts';

/** The features of this QEMU that matter when a saved state is restored. */
export interface RestoreAbilities extends MigrationAbilities {
  readonly opensReadOnly: boolean;
}

/**
 * Stops a guest whose memory is a file, and saves its devices beside that file. The saved state matches the disks only
 * as they are now, so QEMU has to be quit without resuming the guest. The guest is not paused beforehand, because its
 * saved state would then be "paused".
 * @throws QmpJobError with QEMU's message, QmpRefusedError when this QEMU cannot exclude shared memory from a
 *   migration, what `execute` throws.
 */
export async function freeze(
  qmp: QmpClient,
  { state }: TemplateFiles,
  abilities: MigrationAbilities,
): Promise<void> {
  await (await open(state, 'wx', 0o600)).close();
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': Number.MAX_SAFE_INTEGER });
  const start = async (): Promise<void> => startSaving(qmp, state, abilities);
  await migrate(qmp, 'saving the state of the guest', start, ['x-ignore-shared']);
}

export async function restoreAbilitiesOf(qmp: QmpClient): Promise<RestoreAbilities> {
  const properties = await qmp.execute('qom-list-properties', { typename: 'memory-backend-file' });
  return {
    ...(await migrationAbilitiesOf(qmp)),
    opensReadOnly: properties.some(({ name }) => name === 'rom'),
  };
}

/** Flushes files to the disk, which QEMU does not wait for. */
export async function persistFiles(paths: readonly string[], directory: string): Promise<void> {
  for (const path of paths) {
    const file = await open(path, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
  syncDirectory(directory);
}
