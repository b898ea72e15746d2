import { expect, test } from 'vitest';
import { type MachineChanges, changeFlags, changeSpec } from '../../../../src/machines/spec/changed-spec.ts';
import type { MachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { pendingChanges, settingsOf } from '../../../../src/machines/spec/pending-changes.ts';
import { smallSpec } from './small-spec.ts';

const spec: MachineSpec = {
  ...smallSpec,
  cpus: 1,
  accel: 'auto',
  cpu: 'auto',
  display: 'none',
  tpm: false,
  boot: { kind: 'image', image: 'micro' },
  installer: { kernel: 'linux', append: '' },
};

/** As the plan has them. */
const started = JSON.parse(JSON.stringify(settingsOf(spec))) as ReturnType<typeof settingsOf>;

const change = (changes: MachineChanges): MachineSpec => changeSpec(spec, changes, () => []).spec;

const AT_NEXT_START: MachineChanges = {
  memory: '2G',
  cpus: 2,
  accel: 'tcg',
  cpu: 'Nehalem',
  limits: 'cpus=1',
  append: 'loglevel=7',
  net: 'none',
  mac: '52:54:00:00:00:02',
  tpm: true,
  display: 'vnc',
  installer: false,
};

test.each(Object.entries(AT_NEXT_START))('a change of %s takes effect at the next start', (name, value) => {
  const changed = change({ [name]: value });
  expect(pendingChanges(changed, started)).toEqual([name]);
  expect(pendingChanges(changed, settingsOf(changed))).toEqual([]);
});

test('several are listed together, and a setting that is changed back is not', () => {
  const changed = change({ cpus: 2, memory: '2G' });
  expect(pendingChanges(changed, started)).toEqual(['memory', 'cpus']);
  expect(pendingChanges(spec, started)).toEqual([]);
});

test('other changes take effect at once, and a plan of an older release tells nothing', () => {
  expect(pendingChanges(change({ labels: { a: 'b' }, protect: true, sshUser: 'me' }), started)).toEqual([]);
  expect(pendingChanges(change({ cpus: 2 }), undefined)).toEqual([]);
});

test('every setting with a flag is known to take effect now or at the next start', () => {
  const known = [...Object.keys(AT_NEXT_START), 'labels', 'sshUser'];
  expect(changeFlags.map(({ option }) => option).filter((option) => !known.includes(option))).toEqual([]);
});
