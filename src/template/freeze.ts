import { open } from 'node:fs/promises';
import type { QmpClient } from '../qmp/index.ts';
import { syncDirectory } from '../util/files/atomic-file.ts';
import { migrate } from '../machine/state/migration.ts';
import { type MigrationAbilities, migrationAbilitiesOf } from '../machine/state/migration-abilities.ts';
import { startSaving } from '../machine/state/state-file.ts';
import type { TemplateFiles } from './template-files.ts';

/** What this QEMU can do for those who restore what it keeps. */
export interface RestoreAbilities extends MigrationAbilities {
  readonly opensReadOnly: boolean;
}

/**
 * Stops a guest whose memory is a file, and writes what else it consists of beside it. What its disks hold belongs to
 * it from then on: end QEMU without letting the guest run on. It is not stopped before, or it would be kept as one that
 * is not to run.
 * @throws QmpJobError with QEMU's words, QmpRefusedError where this QEMU cannot leave shared memory where it is, what
 *   `execute` throws.
 */
export async function freeze(
  qmp: QmpClient,
  { state }: TemplateFiles,
  abilities: MigrationAbilities,
): Promise<void> {
  await (await open(state, 'wx', 0o600)).close();
  await qmp.execute('migrate-set-parameters', { 'max-bandwidth': Number.MAX_SAFE_INTEGER });
  const start = async (): Promise<void> => startSaving(qmp, state, abilities);
  await migrate(qmp, 'keeping the state of the guest', start, ['x-ignore-shared']);
}

export async function restoreAbilitiesOf(qmp: QmpClient): Promise<RestoreAbilities> {
  const properties = await qmp.execute('qom-list-properties', { typename: 'memory-backend-file' });
  return {
    ...(await migrationAbilitiesOf(qmp)),
    opensReadOnly: properties.some(({ name }) => name === 'rom'),
  };
}

/** QEMU does not wait until what it wrote is on the disk. */
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
