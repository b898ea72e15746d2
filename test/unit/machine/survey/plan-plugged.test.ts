import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import type { Host } from '../../../../src/host/survey/host.ts';
import type { Plan } from '../../../../src/machine/plan/plan.ts';
import { type Plugged, withPlugged } from '../../../../src/machine/survey/plan-plugged.ts';
import { plainPlan } from '../plan/plain-plan.ts';

interface Devices {
  readonly shares?: number;
  readonly volumes?: number;
  readonly disks?: number;
  readonly emptyPorts?: number;
}

/** The refusal of a machine with that many devices. */
function refusal(
  plan: Partial<Plan>,
  { shares = 0, volumes = 0, disks = 0, emptyPorts = 0 }: Devices,
): InvalidInputError {
  const some = (count: number): object[] => Array.from({ length: count }, () => ({}));
  const mounts = { shares: some(shares), volumes: some(volumes), tmpfs: [] };
  try {
    const plugged = { mounts, disks: some(disks), emptyPorts } as unknown as Plugged;
    withPlugged({ ...plainPlan, ...plan }, plugged, {} as Host);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('plugging in directories, volumes or disks is refused', () => {
  const again =
    'create the template again: an earlier release of vmlet created it without PCI slots for these devices';

  it.each<Devices>([{ shares: 1 }, { volumes: 1 }, { disks: 1 }])(
    'if the saved guest has no ports for them: %j',
    (devices) => {
      const error = refusal({ rootPorts: [] }, devices);
      expect(error.message).toBe(
        'volumes: too many directories, volumes and disks: 1; forks of this template can have at most 0',
      );
      expect(error.hint).toBe(again);
    },
  );

  it('if the only port is that of the seed', () => {
    const seed = { path: '/seed', bus: 'port0' } as unknown as Plan['seed'];
    expect(refusal({ rootPorts: ['port0'], seed }, { shares: 1 }).hint).toBe(again);
  });

  it('if there are more than ports that need not stay empty', () => {
    const error = refusal({ rootPorts: ['port0', 'port1'] }, { shares: 2, emptyPorts: 1 });
    expect(error.message).toContain('disks: 2; forks of this template can have at most 1');
  });

  it('if there are more than ports', () => {
    const error = refusal({ rootPorts: ['port0', 'port1'] }, { shares: 1, volumes: 1, disks: 1 });
    expect(error.message).toContain(
      'too many directories, volumes and disks: 3; forks of this template can have at most 2',
    );
    expect(error.hint).toContain('share one parent directory');
  });
});
