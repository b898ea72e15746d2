import { randomBytes, randomUUID } from 'node:crypto';
import { newMac } from '../../network/card/network-card.ts';
import type { MachineSpec } from './machine-spec.ts';

/** Returns new identifiers of a machine; a clone gets its own. */
export function newIdentity(): Pick<MachineSpec, 'id' | 'uuid' | 'mac'> {
  return {
    id: randomBytes(4).toString('hex'),
    uuid: randomUUID(),
    mac: newMac(),
  };
}
