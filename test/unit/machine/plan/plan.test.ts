import { expect, it } from 'vitest';
import {
  type DiskPlan,
  type VolumePlan,
  pluggedDisks,
  writesVolumes,
} from '../../../../src/machine/plan/plan.ts';

it('the plugged disks are those that are not there from the start', () => {
  const disk = (nodeName: string, more: Partial<DiskPlan> = {}) => ({ nodeName, ...more }) as DiskPlan;
  const plugged = disk('disk2', { isPlugged: true });
  expect(pluggedDisks({ disks: [disk('disk0'), disk('disk1', { isPlugged: false }), plugged] })).toEqual([
    plugged,
  ]);
});

it.each([
  [[], false],
  [[true], false],
  [[true, false], true],
])('a guest whose volumes are read-only %j writes to them: %s', (modes, writes) => {
  const volumes = modes.map((readOnly) => ({ readOnly }) as VolumePlan);
  expect(writesVolumes({ volumes })).toBe(writes);
});
