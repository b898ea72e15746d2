import { expect, test } from 'vitest';
import { changesOf, type Settings, settingsOf } from '../../../../page/actions/changed-settings.ts';

const labels = { team: 'red', owner: 'ada = bob', empty: '' };
const shown = settingsOf({ memoryBytes: 1536 * 2 ** 20, cpus: 2, labels });

/** The changes of a machine after some settings were typed. */
const typed = (settings: Partial<Settings>) => changesOf(shown, { ...shown, ...settings });

test('settings are shown as options of vmlet take them', () => {
  expect(shown).toEqual({ memory: '1536M', cpus: '2', labels: 'team=red\nowner=ada = bob\nempty=' });
});

test('labels that are no line are left out, and stay', () => {
  const odd = settingsOf({
    memoryBytes: 1024,
    cpus: 1,
    labels: { a: 'b\nc=d', ' e': 'f', g: 'h ', 'i=j': 'k', l: '' },
  });
  expect(odd.labels).toBe('l=');
  expect(changesOf(odd, { ...odd, labels: '' }).body).toEqual({ labels: { l: null } });
});

test('settings that are as they were are not sent', () => {
  expect(typed({})).toEqual({ body: {}, flags: [] });
  expect(typed({ labels: '\n empty\nowner=ada = bob\n\n  team=red ' })).toEqual({ body: {}, flags: [] });
});

test('memory and processors are sent as they were typed', () => {
  expect(typed({ memory: '4G', cpus: '8' })).toEqual({
    body: { memory: '4G', cpus: 8 },
    flags: ['--memory', '4G', '--cpus', '8'],
  });
  expect(typed({ cpus: 'many' }).body).toEqual({ cpus: 'many' });
  expect(typed({ cpus: '0x10' })).toEqual({ body: { cpus: '0x10' }, flags: ['--cpus', '0x10'] });
});

test('a label is added, changed and removed', () => {
  expect(typed({ labels: 'team=blue\nowner=ada = bob\nnew=a=b' })).toEqual({
    body: { labels: { team: 'blue', new: 'a=b', empty: null } },
    flags: ['--label', 'team=blue', '--label', 'new=a=b', '--unlabel', 'empty'],
  });
  expect(typed({ labels: '' }).flags).toEqual([
    '--unlabel',
    'team',
    '--unlabel',
    'owner',
    '--unlabel',
    'empty',
  ]);
});
