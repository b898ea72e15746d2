import { randomBytes, randomUUID } from 'node:crypto';
import type { MachineSpec } from './machine-spec.ts';

/** What tells a machine from all others; a clone gets it anew. */
export function newIdentity(): Pick<MachineSpec, 'id' | 'uuid' | 'mac'> {
  return {
    id: randomBytes(4).toString('hex'),
    uuid: randomUUID(),
    // QEMU's own prefix, as everywhere.
    mac: `52:54:00:${randomBytes(3)
      .toString('hex')
      .replace(/..(?=.)/g, '$&:')}`,
  };
}
