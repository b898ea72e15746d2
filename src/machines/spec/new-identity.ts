import { randomBytes, randomUUID } from 'node:crypto';
import { newMac } from '../../network/card/network-card.ts';
import type { MachineSpec } from './machine-spec.ts';

/**
 * Returns new identifiers of a machine; a clone gets its own.
 * @param mac the MAC address of its first card; a random one by default.
 */
export function newIdentity(mac = newMac()): Pick<MachineSpec, 'id' | 'uuid' | 'mac'> {
  return {
    id: randomBytes(4).toString('hex'),
    uuid: randomUUID(),
    mac,
  };
}
