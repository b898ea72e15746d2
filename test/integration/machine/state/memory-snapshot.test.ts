import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { diskSector } from '../../../../fixtures/guests/disk-sector.ts';
import { InvalidInputError, NoSpaceError, QmpJobError } from '../../../../src/errors/index.ts';
import { listDisksSnapshots, restoreDisks } from '../../../../src/machine/state/disks-snapshot.ts';
import {
  listLiveSnapshots,
  loadLiveSnapshot,
  removeLiveSnapshot,
  saveLiveSnapshot,
} from '../../../../src/machine/state/memory-snapshot.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { failureOf } from '../../qmp/qemu.ts';
import {
  type Hardware,
  type HardwareOptions,
  OVMF_VARS,
  ask,
  disk,
  qcow2,
  serialSays,
  startHardware,
} from '../named-hardware.ts';
import { canMount, smallFileSystem } from '../small-file-system.ts';

const MiB = 1024 ** 2;
const nodes = ['disk0', 'disk1'] as const;
let directory: string;
let scope: Scope;
let paths: string[];
const at = (name: string): string => join(directory, name);

beforeEach(() => {
  const temporary = makeTemporaryDirectory();
  directory = temporary.path;
  scope = new Scope();
  scope.defer(temporary.remove);
  paths = [qcow2(at('boot.qcow2'), diskSector), qcow2(at('data.qcow2'), 8 * MiB)];
});
afterEach(async () => scope.close());

async function start(options: Partial<HardwareOptions> = {}): Promise<Hardware> {
  const [boot = '', data = ''] = paths;
  const disks = [disk('disk0', boot, { bootIndex: 0 }), disk('disk1', data, { bootIndex: 1 })];
  // A missing network does not prevent it.
  const away = { type: 'unix', path: at('nobody') };
  const network = JSON.stringify({
    type: 'stream',
    id: 'net0',
    server: true,
    addr: away,
  });
  const machine = await startHardware({ directory, disks, network, ...options });
  scope.defer(async () => machine[Symbol.asyncDispose]());
  return machine;
}

/** The contents of the first disk, the second disk and the memory. */
async function state({ serial }: Hardware): Promise<string> {
  return (await ask(serial, 'r')) + (await ask(serial, 's')) + (await ask(serial, 'm'));
}

async function change({ serial }: Hardware, letter: string, digit: string): Promise<void> {
  expect(await ask(serial, letter)).toBe(letter);
  expect(await ask(serial, digit)).toBe(digit);
}

test('memory and all disks are restored, in the same QEMU and in the next', async () => {
  const machine = await start();
  await serialSays(machine.serial, /\+/);
  await change(machine, 'A', '1');
  await saveLiveSnapshot(machine.qmp, nodes, 'ünï,%1');
  await change(machine, 'B', '2');
  expect(await listLiveSnapshots(machine.qmp, nodes)).toMatchObject([{ name: 'ünï,%1' }]);
  await loadLiveSnapshot(machine.qmp, nodes, 'ünï,%1');
  expect(await state(machine)).toBe('A11');
  await change(machine, 'C', '3');
  await machine[Symbol.asyncDispose]();

  const next = await start({ more: ['-S'] });
  await loadLiveSnapshot(next.qmp, nodes, 'ünï,%1');
  await next.qmp.execute('cont');
  expect(await state(next)).toBe('A11');
  await removeLiveSnapshot(next.qmp, nodes, 'ünï,%1');
  expect(await listLiveSnapshots(next.qmp, nodes)).toEqual([]);
});

test('a paused machine stays paused', async () => {
  const { qmp } = await start();
  await qmp.execute('stop');
  await saveLiveSnapshot(qmp, nodes, 'one');
  await loadLiveSnapshot(qmp, nodes, 'one');
  expect(await qmp.execute('query-status')).toMatchObject({ status: 'paused' });
});

test('the firmware’s variables are part of it', async () => {
  const variables = qcow2(at('variables.qcow2'), readFileSync(OVMF_VARS));
  const { qmp } = await start({ variables });
  const all = [...nodes, 'firmware-vars'] as const;
  await saveLiveSnapshot(qmp, all, 'one');
  await loadLiveSnapshot(qmp, all, 'one');
  const [snapshot] = await listDisksSnapshots([...paths, variables]);
  expect(snapshot?.memoryBytes).toBeGreaterThan(MiB);
});

test('a name is unique, and a missing snapshot is reported', async () => {
  const { qmp } = await start({ more: ['-S'] });
  await saveLiveSnapshot(qmp, nodes, 'one');
  await saveLiveSnapshot(qmp, ['disk0'], 'only one disk has it');
  expect((await listLiveSnapshots(qmp, nodes)).map(({ name }) => name)).toEqual(['one']);
  const refused = [
    saveLiveSnapshot(qmp, nodes, 'one'),
    saveLiveSnapshot(qmp, nodes, 'only one disk has it'),
    saveLiveSnapshot(qmp, nodes, '17'),
    saveLiveSnapshot(qmp, nodes, 'x'.repeat(256)),
    loadLiveSnapshot(qmp, nodes, 'only one disk has it'),
    loadLiveSnapshot(qmp, nodes, 'two'),
    removeLiveSnapshot(qmp, nodes, 'two'),
    listLiveSnapshots(qmp, ['disk7']),
  ];
  for (const failure of await Promise.all(refused.map(failureOf)))
    expect(failure).toBeInstanceOf(InvalidInputError);
  await saveLiveSnapshot(qmp, nodes, 'x'.repeat(255));
  await loadLiveSnapshot(qmp, nodes, 'x'.repeat(255));
  await removeLiveSnapshot(qmp, nodes, 'only one disk has it');
});

test('an abort removes the new snapshot', async () => {
  const { qmp } = await start({ more: ['-S'] });
  const abort = new AbortController();
  const reason = new Error('enough');
  const saving = failureOf(saveLiveSnapshot(qmp, nodes, 'one', { signal: abort.signal }));
  qmp.on('JOB_STATUS_CHANGE', () => abort.abort(reason));
  expect(await saving).toBe(reason);
  expect(await listLiveSnapshots(qmp, nodes)).toEqual([]);
});

test('a machine with changed hardware is not resumed', async () => {
  const machine = await start();
  await saveLiveSnapshot(machine.qmp, nodes, 'one');
  await machine[Symbol.asyncDispose]();
  const larger = await start({ memory: '96M' });
  const error = await failureOf(loadLiveSnapshot(larger.qmp, nodes, 'one'));
  expect(error).toBeInstanceOf(QmpJobError);
  expect(await larger.qmp.execute('query-status')).toMatchObject({ status: 'paused' });
  // Disks without memory fit any hardware.
  await larger[Symbol.asyncDispose]();
  await restoreDisks(paths, 'one');
});

test.skipIf(!canMount)('fails on a full disk without leaving anything, and the guest resumes', async () => {
  const small = smallFileSystem(directory, '2M', scope);
  paths = [qcow2(join(small, 'boot.qcow2'), diskSector), ...paths.slice(1)];
  const machine = await start({ memory: '256M' });
  await serialSays(machine.serial, /\+/);
  await change(machine, 'A', '1');
  const error = await failureOf(saveLiveSnapshot(machine.qmp, nodes, 'one'));
  expect(error).toBeInstanceOf(NoSpaceError);
  expect(await listLiveSnapshots(machine.qmp, nodes)).toEqual([]);
  await change(machine, 'B', '2');
  expect(await state(machine)).toBe('B22');
});
