import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import type { Locations } from '../../../../src/machine/paths/locations.ts';
import { removeMachine } from '../../../../src/machines/life/remove.ts';
import type { MachineFiles } from '../../../../src/machines/record/machine-files.ts';
import { endLostRun } from '../../../../src/machines/recovery/lost-run.ts';
import { directoryMark } from '../../../../src/machines/recovery/store-mark.ts';
import { holdFileLock } from '../../../../src/process/lock/file-lock.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { awaitedLater, until } from '../../../until.ts';
import { storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();
const other = join(directory, 'other');
const link = join(directory, 'link');
mkdirSync(other);
symlinkSync(join(directory, 'vmlet/machines'), link);
let locations: Locations;
let files: MachineFiles;

/** A machine whose keeper was that of an earlier boot, or of another host. */
beforeEach(() => {
  const stored = storedMachine(directory);
  locations = stored.locations;
  files = stored.definition.files;
  const record = { version: 1, bootId: 'another', keeper: { pid: 1, startTime: 1 }, qemu: null, helpers: {} };
  writeFileSync(files.run, JSON.stringify({ ...record, state: 'running', startedAt: 1000 }));
  mkdirSync(files.sockets, { recursive: true });
});

it.each([
  ['another store', other, true],
  ['this store', join(directory, 'vmlet/machines'), false],
  ['this store by another path', link, false],
])('what a lost run leaves of the sockets of %s', async (_, machines, stay) => {
  const mark = directoryMark(files.sockets, { machines });
  writeFileSync(mark.path, mark.text);
  await endLostRun(files);
  expect(existsSync(files.sockets)).toBe(stay);
});

it('a lost run without a mark leaves no sockets', async () => {
  await endLostRun(files);
  expect(existsSync(files.sockets)).toBe(false);
});

it('a machine whose keeper lives in another PID namespace or on another host is not touched', async () => {
  await using scope = new Scope();
  await holdFileLock(files.keeperLock, scope);
  const remove = removeMachine(locations, 'web', { storage: true, force: true });
  await expect(remove).rejects.toThrow('machine "web" runs in another container or on another host');
  expect([files.spec, files.storage, files.sockets].every((path) => existsSync(path))).toBe(true);
});

it('a lock that is about to be released is waited for', async () => {
  const scope = new Scope();
  await holdFileLock(files.keeperLock, scope);
  const ended = awaitedLater(endLostRun(files));
  await setImmediate();
  expect(openLocks()).toBe(2);
  await until(() => openLocks() === 1, { awaited: 'the first attempt has failed' });
  await scope.close();
  await ended;
  expect(existsSync(files.sockets)).toBe(false);
});

function openLocks(): number {
  const paths = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // That of the list itself.
      return '';
    }
  });
  return paths.filter((path) => path === files.keeperLock).length;
}
