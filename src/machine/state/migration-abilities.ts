import { type QmpClient, QmpSchema, argumentTypeOf, membersOf } from '../../qmp/index.ts';

/** Features of a QEMU for migrating to and from a file. */
export interface MigrationAbilities {
  /** Reports why a state cannot be restored instead of just exiting (QEMU 9.1). */
  readonly staysOnFailure: boolean;
  /** Opens the file by name (QEMU 8.2); older versions need an open descriptor. */
  readonly opensFiles: boolean;
}

export async function migrationAbilitiesOf(qmp: QmpClient): Promise<MigrationAbilities> {
  const schema = new QmpSchema(await qmp.execute('query-qmp-schema'));
  const type = argumentTypeOf(schema, 'migrate-incoming');
  const members = type === undefined ? undefined : membersOf(schema, type);
  return {
    staysOnFailure: members?.has('exit-on-error') ?? false,
    // Channels were introduced together with the file transport.
    opensFiles: members?.has('channels') ?? false,
  };
}
