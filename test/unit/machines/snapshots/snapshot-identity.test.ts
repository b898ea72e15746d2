import { describe, expect, it } from 'vitest';
import { readSpec } from '../../../../src/machines/record/definition.ts';
import { keepIdentity, takeIdentityOf } from '../../../../src/machines/snapshots/snapshot-identity.ts';
import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
const renewed = { guestIdentity: 'own', identityRenewedAt: '2026-02-01T00:00:00.000Z' } as const;

describe('the identity of a clone that returns to a snapshot', () => {
  const after = (changed: Partial<MachineSpec>, createdAt: string): Partial<MachineSpec> => {
    const { locations, definition } = storedMachine(directory, changed);
    takeIdentityOf(definition, new Date(createdAt));
    const { guestIdentity, identityRenewedAt } = readSpec(locations, 'web').spec;
    return { guestIdentity, ...(identityRenewedAt !== undefined && { identityRenewedAt }) };
  };

  it.each<[string, Partial<MachineSpec>, string, Partial<MachineSpec>]>([
    ['is copied again before its renewal', renewed, '2026-01-31T23:59:59Z', { guestIdentity: 'copied' }],
    ['is its own after its renewal', renewed, '2026-02-01T00:00:01Z', renewed],
    [
      'is its own if the time of a renewal is not known',
      { guestIdentity: 'own' },
      '2020-01-01T00:00:00Z',
      { guestIdentity: 'own' },
    ],
    ['stays copied', { guestIdentity: 'copied' }, '2026-03-01T00:00:00Z', { guestIdentity: 'copied' }],
  ])('%s', (_, spec, createdAt, expected) => {
    expect(after(spec, createdAt)).toEqual(expected);
  });

  it('is its own after a restore that changed nothing', () => {
    const { locations, definition } = storedMachine(directory, renewed);
    const createdAt = new Date('2026-01-01T00:00:00Z');
    takeIdentityOf(definition, createdAt);
    keepIdentity(definition, createdAt);
    expect(readSpec(locations, 'web').spec).toMatchObject(renewed);
  });
});
