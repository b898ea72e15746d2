import { writeSpec } from '../lock/edit.ts';
import type { Definition } from '../record/definition.ts';

/**
 * Records that the disks of a machine are about to return to a snapshot of this time. From before a clone's guest got its
 * own identity, they have that of the original again, so the next start renews it again. Called before the disks change:
 * after an interruption, a guest rather gets a new identity once too often.
 */
export function takeIdentityOf(definition: Definition, createdAt: Date): void {
  if (!isFromBefore(definition, createdAt)) return;
  const { identityRenewedAt: _, ...others } = definition.spec;
  writeSpec(definition, { ...others, guestIdentity: 'copied' });
}

/** Takes the record back, since the disks have not changed. */
export function keepIdentity(definition: Definition, createdAt: Date): void {
  if (isFromBefore(definition, createdAt)) writeSpec(definition, definition.spec);
}

function isFromBefore({ spec: { identityRenewedAt: renewedAt } }: Definition, createdAt: Date): boolean {
  return renewedAt !== undefined && createdAt.getTime() < Date.parse(renewedAt);
}
