import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import type { Definition } from '../../../../src/machines/record/definition.ts';
import { readPlan } from '../../../../src/machines/record/machine-plan-file.ts';
import { readSavedNote, writeSavedNote } from '../../../../src/machines/record/saved-note.ts';
import { findMemory, recordMemory } from '../../../../src/machines/record/snapshot-record.ts';

const directory = join(temporaryDirectory(), 'web');
mkdirSync(directory);
const files = {
  directory,
  plan: join(directory, 'plan.json'),
  savedStateNote: join(directory, 'note.json'),
  snapshots: join(directory, 'snapshots.json'),
};
const definition = { files, spec: { name: 'web' } } as unknown as Definition;
const write = (path: string, content: object): void => writeFileSync(path, JSON.stringify(content));
const memory = { wasRunning: true, machineType: 'pc-q35-10.0', rootPorts: [] };

test('the bridge of an earlier release is that of the first card', () => {
  const plan = {
    board: { options: {} },
    accelerator: { kind: 'tcg' },
    directory: { sockets: '/s' },
    cdroms: [],
    rootPorts: [],
  };
  const first = { descriptor: 6, mac: '52:54:00:00:00:01', mtu: 9000 };
  write(files.plan, plan);
  expect(readPlan(files).bridges).toEqual([]);
  write(files.plan, { ...plan, bridge: first });
  expect(readPlan(files)).not.toHaveProperty('bridge');
  expect(readPlan(files).bridges).toEqual([{ ...first, number: 0 }]);
  write(files.plan, { ...plan, bridges: [{ ...first, number: 1 }] });
  expect(readPlan(files).bridges).toEqual([{ ...first, number: 1 }]);
});

test('memory of an earlier release has the MTU of the first card', () => {
  write(files.savedStateNote, { version: 1, ...memory });
  expect(readSavedNote(definition)).toMatchObject({ bridgeMtus: {} });
  write(files.savedStateNote, { version: 1, ...memory, bridgeMtu: 9000 });
  expect(readSavedNote(definition)).toMatchObject({ ...memory, bridgeMtus: { network: 9000 } });
  const bridgeMtus = { network: 9000, bridge1: 1400 };
  writeSavedNote(definition, { ...memory, bridgeMtus });
  expect(readSavedNote(definition)).toMatchObject({ bridgeMtus });

  const snapshot = { ...memory, hardware: {} };
  write(files.snapshots, {
    version: 1,
    memories: [
      { ...snapshot, snapshot: 'old', bridgeMtu: 9000 },
      { ...snapshot, snapshot: 'older' },
    ],
  });
  recordMemory(definition, { ...snapshot, snapshot: 'new', bridgeMtus });
  expect(findMemory(definition, 'old')).toMatchObject({ bridgeMtus: { network: 9000 } });
  expect(findMemory(definition, 'older')).toMatchObject({ bridgeMtus: {} });
  expect(findMemory(definition, 'new')).toMatchObject({ bridgeMtus });
});
