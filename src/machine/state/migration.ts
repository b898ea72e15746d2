import { QmpJobError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';

const ENDS: readonly (string | undefined)[] = ['completed', 'failed', 'cancelled'];

/** QEMU's names of the optional migration capabilities that are used here. */
export type MigrationCapability = 'x-ignore-shared';

/**
 * Starts a migration and waits for its end.
 * @param what names it in errors, as in `saving the machine`.
 * @throws QmpJobError with QEMU's message.
 */
export async function migrate(
  qmp: QmpClient,
  what: string,
  start: () => Promise<void>,
  extra: readonly MigrationCapability[] = [],
): Promise<void> {
  const capabilities = (['events', ...extra] as const).map((capability) => ({ capability, state: true }));
  // Sent together, a refusal would not prevent the migration.
  await qmp.execute('migrate-set-capabilities', { capabilities });
  const changes = qmp.events('MIGRATION');
  try {
    await start();
    for (;;) {
      const { value: change } = await changes.next();
      if (change && !ENDS.includes(change.data.status)) continue;
      // The event may be that of an earlier migration. If the connection has ended, this call rejects with the reason.
      const { status, 'error-desc': problem } = await qmp.execute('query-migrate');
      if (status === 'completed') return;
      if (ENDS.includes(status)) throw new QmpJobError(what, 'migration', problem ?? String(status));
    }
  } finally {
    await changes.return();
  }
}
