import { type QmpClient, QmpSchema, argumentTypeOf, membersOf } from '../../qmp/index.ts';

/** What a QEMU can do with a state in a file. */
export interface MigrationAbilities {
  /** It says why a state cannot be restored, and does not just exit (QEMU 9.1). */
  readonly staysOnFailure: boolean;
  /** It opens the file by its name (QEMU 8.2); others get it open. */
  readonly opensFiles: boolean;
}

export async function migrationAbilitiesOf(qmp: QmpClient): Promise<MigrationAbilities> {
  const schema = new QmpSchema(await qmp.execute('query-qmp-schema'));
  const type = argumentTypeOf(schema, 'migrate-incoming');
  const members = type === undefined ? undefined : membersOf(schema, type);
  return {
    staysOnFailure: members?.has('exit-on-error') ?? false,
    // Transports of this form began with that of files.
    opensFiles: members?.has('channels') ?? false,
  };
}
