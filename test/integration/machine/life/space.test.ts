import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import { NoSpaceError } from '../../../../src/errors/index.ts';
import type { LaunchOptions } from '../../../../src/index.ts';
import { launchAt } from '../../../../src/machine/launch/launch.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { awaitedLater, until } from '../../../until.ts';
import { canMount, smallFileSystem } from '../small-file-system.ts';

const KIB = 1024;
const SIZE = 1024 * KIB;
/** Less than the cluster of 64 KiB that a qcow2 allocates at the first write. */
const TOO_LITTLE = 32 * KIB;

describe.skipIf(!canMount)('a machine on a full host file system', () => {
  const scope = new Scope();
  let small: string, options: LaunchOptions;

  beforeAll(() => {
    const directory = makeTemporaryDirectory();
    scope.defer(directory.remove);
    small = smallFileSystem(directory.path, String(SIZE), scope);
    const image = join(directory.path, 'write.raw');
    writeFileSync(image, bootSectors.write);
    options = { image, net: 'none', memory: '32M' };
    const trial = join(directory.path, 'trial.qcow2');
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', image, trial]);
    const taken = statSync(trial).blocks * 512;
    writeFileSync(join(small, 'ballast'), Buffer.alloc(SIZE - taken - TOO_LITTLE));
  });
  afterAll(async () => scope.close());

  function storage(name: string): string {
    const path = join(small, name);
    mkdirSync(path);
    return path;
  }

  it('fails to boot with a message about the disk space', async () => {
    const path = storage('boots');
    const booting = launchAt({ storage: path }, options);
    await expect(booting).rejects.toThrow(NoSpaceError);
    await expect(booting).rejects.toThrow('no space left on the host for disk0');
    rmSync(path, { recursive: true });
  });

  it('is paused, reports it once each time, and resumes when space is free', async () => {
    await using machine = await launchAt({ storage: storage('runs') }, { ...options, until: 'running' });
    for (const attempt of [1, 2]) {
      const told = deferred<string>();
      const forget = machine.onOutOfSpace(({ disk }) => told.resolve(disk));
      if (attempt > 1) await machine.resume();
      else if (machine.outOfSpace) told.resolve(machine.outOfSpace.disk);
      expect(await told.promise).toBe('disk0');
      forget();
      expect(machine.outOfSpace).toEqual({ disk: 'disk0' });
    }
    rmSync(join(small, 'ballast'));
    const goesOn = awaitedLater(machine.qmp.waitFor('RESUME'));
    await machine.resume();
    await goesOn;
    expect(machine.outOfSpace).toBeUndefined();
    const written = async () => (await machine.qmp.execute('query-blockstats'))[0]?.stats.wr_operations ?? 0;
    const before = await written();
    await until(async () => (await written()) > before);
  });
});
