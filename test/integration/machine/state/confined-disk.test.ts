import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { PermissionError } from '../../../../src/errors/index.ts';
import { confineQemu } from '../../../../src/host/confined-programs.ts';
import type { Host } from '../../../../src/host/survey/host.ts';
import { probeHost } from '../../../../src/host/probe.ts';
import { attachDisk } from '../../../../src/machine/state/live-disk.ts';
import { migrationAbilitiesOf } from '../../../../src/machine/state/migration-abilities.ts';
import { saveState } from '../../../../src/machine/state/saved-state.ts';
import { confine } from '../../../../src/process/confine/confine.ts';
import { layersOf } from '../../../../src/process/confine/layers.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { failureOf } from '../../qmp/qemu.ts';
import { type Hardware, disk, qcow2, startHardware } from '../named-hardware.ts';

const MiB = 1024 ** 2;
let scope: Scope;
let own: string;
let outside: string;
let host: Host;

beforeEach(async () => {
  scope = new Scope();
  const { path, remove } = makeTemporaryDirectory();
  scope.defer(remove);
  own = join(path, 'machine');
  outside = join(path, 'elsewhere');
  for (const directory of [own, outside]) mkdirSync(directory);
  host = await probeHost({ cacheDirectory: path });
});
afterEach(async () => scope.close());

async function start(readWrite: string[] = []): Promise<Hardware> {
  const files = { readOnly: [], readWrite, own: [own], kvm: false, resolver: [] };
  const layers = layersOf({ connects: 'nowhere', longestFile: undefined }, host.confinement);
  const confinement = confine(confineQemu(host.qemu, files), layers);
  const machine = await startHardware({ directory: own, more: ['-S'], confinement });
  scope.defer(async () => machine[Symbol.asyncDispose]());
  return machine;
}

test('a confined machine can use only disks in its directory, including hard links there', async (context) => {
  if (!host.confinement.landlock.usable) return context.skip('no Landlock here');
  const file = qcow2(join(outside, 'data.qcow2'), 4 * MiB);
  const { qmp } = await start();
  const attach = async (path: string) => attachDisk(qmp, disk('disk1', path, { bus: 'port1' }));
  expect(await failureOf(attach(file))).toBeInstanceOf(PermissionError);
  // The rule applies to the file that a name leads to, not to the name.
  symlinkSync(file, join(own, 'symbolic.qcow2'));
  expect(await failureOf(attach(join(own, 'symbolic.qcow2')))).toBeInstanceOf(PermissionError);
  linkSync(file, join(own, 'hard.qcow2'));
  await attach(join(own, 'hard.qcow2'));
  // A directory that is created later is below the allowed one.
  mkdirSync(join(own, 'disks'));
  await attachDisk(qmp, disk('disk2', qcow2(join(own, 'disks', 'new.qcow2'), MiB), { bus: 'port2' }));
  // A QEMU that gets an open file can write wherever its launcher may.
  if ((await migrationAbilitiesOf(qmp)).opensFiles) {
    expect(await failureOf(saveState(qmp, join(outside, 'state')))).toBeInstanceOf(PermissionError);
    expect(existsSync(join(outside, 'state.partial'))).toBe(false);
  }
  await saveState(qmp, join(own, 'state'));
  expect(readFileSync(join(own, 'state')).length).toBeGreaterThan(10_000);
});

test('a file that was allowed at the start can be removed and created again', async (context) => {
  if (!host.confinement.landlock.usable) return context.skip('no Landlock here');
  const file = qcow2(join(outside, 'data.qcow2'), 4 * MiB);
  const { qmp } = await start([file]);
  await attachDisk(qmp, disk('disk1', file, { bus: 'port1' }));
});
