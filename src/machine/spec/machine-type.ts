import type { QmpClient } from '../../qmp/index.ts';

/** The versioned type of a running machine, such as `pc-q35-10.0`, where the plan may have named an alias. */
export async function queryMachineType(qmp: QmpClient): Promise<string> {
  const type = await qmp.execute('qom-get', { path: '/machine', property: 'type' });
  return String(type).replace(/-machine$/, '');
}
