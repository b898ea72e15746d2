import { readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { diskSector } from '../../../../fixtures/guests/disk-sector.ts';
import { InvalidInputError, NoSpaceError, QmpJobError } from '../../../../src/errors/index.ts';
import { type SaveProgress, restoreState, saveState } from '../../../../src/machine/state/saved-state.ts';
import { migrationAbilitiesOf } from '../../../../src/machine/state/migration-abilities.ts';
import { QmpCrashedError } from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { failureOf } from '../../qmp/qemu.ts';
import { type Hardware, ask, disk, qcow2, serialSays, startHardware } from '../named-hardware.ts';
import { canMount, smallFileSystem } from '../small-file-system.ts';

const MiB = 1024 ** 2;
let directory: string;
let saved: string;
let scope: Scope;
const at = (name: string): string => join(directory, name);

beforeEach(() => {
  const temporary = makeTemporaryDirectory();
  directory = temporary.path;
  saved = at('a,b %41"ü|state');
  scope = new Scope();
  scope.defer(temporary.remove);
  qcow2(at('boot.qcow2'), diskSector);
  qcow2(at('data.qcow2'), 8 * MiB);
});
afterEach(async () => scope.close());

async function start(...more: string[]): Promise<Hardware> {
  const disks = [
    disk('disk0', at('boot.qcow2'), { bootIndex: 0 }),
    disk('disk1', at('data.qcow2'), { bootIndex: 1 }),
  ];
  const addr = { type: 'unix', path: at('nobody') };
  const network = JSON.stringify({ type: 'stream', id: 'net0', server: true, addr });
  const machine = await startHardware({ directory, disks, network, more });
  scope.defer(async () => machine[Symbol.asyncDispose]());
  return machine;
}

const startIncoming = async (): Promise<Hardware> => start('-incoming', 'defer', '-S');

async function running(): Promise<Hardware> {
  const machine = await start();
  await serialSays(machine.serial, /\+/);
  expect(await ask(machine.serial, 'A')).toBe('A');
  expect(await ask(machine.serial, '1')).toBe('1');
  return machine;
}

/** The contents of the first disk, the second disk and the memory. */
async function state({ serial }: Hardware): Promise<string> {
  return (await ask(serial, 'r')) + (await ask(serial, 's')) + (await ask(serial, 'm'));
}

/** As this QEMU does by itself, and as QEMU before 8.2 does. */
const WAYS = [
  { way: 'that QEMU opens as it can', abilities: undefined },
  { way: 'that QEMU gets open', abilities: { opensFiles: false, staysOnFailure: false } },
];

const REFUSES_OPEN_FILES = /migration to a file is not supported\. Use file: instead/;

test.for(WAYS)(
  'a machine is saved to a file $way, and restored in another QEMU',
  async ({ abilities }, { skip }) => {
    const first = await running();
    const progress: SaveProgress[] = [];
    const onProgress = (one: SaveProgress): void => void progress.push(one);
    const saving = saveState(first.qmp, saved, { onProgress, abilities });
    const state0 = await saving.catch((error: unknown) => {
      // QEMU 11 can only open the file by itself.
      if (abilities && REFUSES_OPEN_FILES.test(String(error))) skip('this QEMU takes no file that is open');
      throw error;
    });
    expect(state0).toEqual({ wasRunning: true });
    expect(statSync(saved).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
    await first[Symbol.asyncDispose]();

    const second = await startIncoming();
    await restoreState(second.qmp, saved, { ...state0, abilities });
    expect(await state(second)).toBe('A11');
    expect(await ask(second.serial, 'B')).toBe('B');
  },
);

test('a paused machine is restored paused', async () => {
  const first = await running();
  await first.qmp.execute('stop');
  const paused = await saveState(first.qmp, saved);
  await first[Symbol.asyncDispose]();
  const second = await startIncoming();
  await restoreState(second.qmp, saved, paused);
  expect(await second.qmp.execute('query-status')).toMatchObject({ running: false, status: 'paused' });
  await second.qmp.execute('cont');
  expect(await state(second)).toBe('A11');
});

test('an abort leaves the machine running and no file', async () => {
  const machine = await running();
  const reason = new Error('enough');
  const before = new Error('before');
  expect(await failureOf(saveState(machine.qmp, saved, { signal: AbortSignal.abort(before) }))).toBe(before);
  const abort = new AbortController();
  const saving = failureOf(saveState(machine.qmp, saved, { signal: abort.signal }));
  await machine.qmp.waitFor('MIGRATION', { where: ({ data }) => data.status === 'active' });
  abort.abort(reason);
  expect(await saving).toBe(reason);
  expect(readdirSync(directory).filter((name) => name.includes('state'))).toEqual([]);
  expect(await state(machine)).toBe('A11');
  await saveState(machine.qmp, saved);
});

test('an existing or unwritable file is an error, and changes nothing', async () => {
  const machine = await running();
  writeFileSync(saved, 'mine');
  expect(await failureOf(saveState(machine.qmp, saved))).toBeInstanceOf(InvalidInputError);
  symlinkSync('none', at('link'));
  expect(await failureOf(saveState(machine.qmp, at('link')))).toBeInstanceOf(InvalidInputError);
  expect(await failureOf(saveState(machine.qmp, at('none/state')))).toHaveProperty('code', 'ENOENT');
  expect(await state(machine)).toBe('A11');
});

test('a truncated or invalid file is rejected', async () => {
  const first = await running();
  const before = await saveState(first.qmp, saved);
  await first[Symbol.asyncDispose]();
  const second = await startIncoming();
  const missing = await failureOf(restoreState(second.qmp, at('none'), before));
  expect(missing.message).toMatch(/no such file/i);
  await second[Symbol.asyncDispose]();
  truncateSync(saved, 1000);
  const third = await startIncoming();
  const { staysOnFailure } = await migrationAbilitiesOf(third.qmp);
  const cutOff = await failureOf(restoreState(third.qmp, saved, before));
  expect(cutOff).toBeInstanceOf(staysOnFailure ? QmpJobError : QmpCrashedError);
});

test('a QEMU that dies meanwhile is reported as such', async () => {
  const machine = await running();
  const saving = failureOf(saveState(machine.qmp, saved));
  machine.qmp.on('STOP', () => machine.qemu.kill('SIGKILL'));
  expect(await saving).toBeInstanceOf(QmpCrashedError);
  expect(readdirSync(directory).filter((name) => name.includes('state'))).toEqual([]);
});

test.skipIf(!canMount)('a full disk leaves the machine running and no file', async () => {
  const small = smallFileSystem(directory, '128k', scope);
  const machine = await running();
  const error = await failureOf(saveState(machine.qmp, join(small, 'state')));
  expect(error).toBeInstanceOf(NoSpaceError);
  expect(readdirSync(small)).toEqual([]);
  expect(await ask(machine.serial, 'B')).toBe('B');
  expect(await state(machine)).toBe('B1B');
});
