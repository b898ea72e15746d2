import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { afterInstaller, forgetInstaller } from '../../../../src/machines/plan/after-installer.ts';
import { type MachineFiles, machineFiles } from '../../../../src/machines/record/machine-files.ts';
import {
  type MachineSpec,
  formatMachineSpec,
  parseMachineSpec,
} from '../../../../src/machines/spec/machine-spec.ts';
import { readFileSync } from 'node:fs';
import { temporaryDirectory } from '../../../directory.ts';
import { SPEC } from '../stored-machine.ts';

const root = temporaryDirectory();
const spec: MachineSpec = {
  ...SPEC,
  name: 'm',
  installer: { kernel: 'boot/kernel', initrd: 'boot/initrd', append: 'quiet' },
  display: 'vnc',
};

let files: MachineFiles;
beforeEach(() => {
  rmSync(join(root, 'machines'), { recursive: true, force: true });
  const places = { machines: join(root, 'machines'), logs: join(root, 'logs'), runtime: join(root, 'run') };
  files = machineFiles(
    { ...places, images: '', cache: '' } as Parameters<typeof machineFiles>[0],
    'm',
    spec.id,
  );
  for (const directory of [files.boot, files.storage]) mkdirSync(directory, { recursive: true });
  for (const file of ['kernel', 'initrd']) writeFileSync(join(files.boot, file), file);
  writeFileSync(files.spec, formatMachineSpec(spec));
});

const shutdown = (reason: string) => ({ event: 'SHUTDOWN', data: { reason } });

function ends(events: readonly object[], more: object = {}): void {
  const times = { startedAt: 1000, endedAt: 2000 };
  const status = { exitCode: 0, signal: null, sentSignal: null, negotiated: true, fatalRunState: null };
  writeFileSync(files.end, JSON.stringify({ version: 1, ...times, ...status, ...more, events }));
}

test.each([
  ['reboots', [shutdown('guest-reset')]],
  ['powers off', [shutdown('guest-shutdown')]],
])('an installer that %s has finished', (_, events) => {
  ends(events);
  const after = afterInstaller({ spec, files });
  expect(after.spec).not.toHaveProperty('installer');
  expect(after.spec.boot).toEqual({ kind: 'firmware' });
  expect(existsSync(join(files.boot, 'kernel'))).toBe(true);

  forgetInstaller({ spec, files });
  expect(parseMachineSpec(readFileSync(files.spec, 'utf8'), files.spec)).toEqual(after.spec);
  expect(existsSync(join(files.boot, 'kernel'))).toBe(false);
  expect(existsSync(join(files.boot, 'initrd'))).toBe(false);
});

test.each([
  ['has not run', undefined],
  ['is powered off by the power button', [{ event: 'POWERDOWN' }, shutdown('guest-shutdown')]],
  ['is powered off through the agent', [shutdown('guest-shutdown')], { askedToPowerOff: true }],
  ['panics', [{ event: 'GUEST_PANICKED' }, shutdown('guest-panic')]],
  ['is reset by the host', [shutdown('host-qmp-system-reset')]],
  ['is ended by the host', [shutdown('host-qmp-quit')]],
])('an installer that %s is booted again', (_, events, more?: object) => {
  if (events) ends(events, more);
  const definition = { spec, files };
  expect(afterInstaller(definition)).toBe(definition);
});

test('a machine with saved memory boots its installer again in any case', () => {
  ends([shutdown('guest-reset')]);
  writeFileSync(files.savedState, '');
  expect(afterInstaller({ spec, files }).spec).toBe(spec);
});
