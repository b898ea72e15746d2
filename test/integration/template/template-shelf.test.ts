import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { TemplateNotFoundError } from '../../../src/errors/index.ts';
import { TemplateShelf } from '../../../src/template/template-shelf.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { nameOfOwned } from '../../../src/machine/paths/runtime-directory.ts';
import { identifyProcess } from '../../../src/process/procfs/identity.ts';
import { deferred } from '../../../src/util/time/deferred.ts';
import { temporaryDirectory } from '../../directory.ts';
import { awaitedLater } from '../../until.ts';

const locations = locate({}, temporaryDirectory(), 0);
mkdirSync(locations.templates, { recursive: true, mode: 0o700 });
const shelf = new TemplateShelf(locations);
const entries = (): string[] => readdirSync(locations.templates).sort();

it('leaves no lock file, whether the template was created or not', async () => {
  await shelf.withName('web', undefined, async (place) => {
    place.publish();
    return Promise.resolve();
  });
  expect(entries()).toEqual([expect.stringMatching(/^\.[0-9a-f]{8}-/), 'web']);
  await expect(shelf.withName('db', undefined, async () => Promise.reject(new Error('no')))).rejects.toThrow(
    'no',
  );
  shelf.remove('web');
  expect(entries()).toEqual([]);
});

it('keeps templates that were created by another path of the same directory', async () => {
  const other = join(dirname(locations.templates), 'link');
  symlinkSync(locations.templates, other);
  await shelf.withName('web', undefined, async (place) => {
    place.publish();
    return Promise.resolve();
  });
  const linked = new TemplateShelf(locations, { directory: other });
  // These are what a sweep removes once their creator has ended.
  expect(linked.unfinished()).toEqual([]);
  linked.remove('web');
  rmSync(other);
  expect(entries()).toEqual([]);
});

it('removes no directory outside of it, and none of the shelf that it is a copy of', async () => {
  await shelf.withName('web', undefined, async (place) => {
    writeFileSync(join(place.directory, 'memory'), '');
    place.publish();
    return Promise.resolve();
  });
  const copied = join(dirname(locations.templates), 'copy');
  cpSync(locations.templates, copied, { recursive: true, verbatimSymlinks: true });
  const theirs = join(dirname(locations.templates), 'theirs');
  mkdirSync(theirs);
  symlinkSync(theirs, join(copied, 'own'));
  const copy = new TemplateShelf(locations, { directory: copied });
  copy.remove('web');
  copy.remove('own');
  expect(readdirSync(copied)).toEqual([]);
  expect(readdirSync(theirs)).toEqual([]);
  expect(readdirSync(shelf.directoryOf('web')!)).toEqual(['memory']);
  shelf.remove('web');
  for (const path of [copied, theirs]) rmSync(path, { recursive: true });
});

it('makes concurrent creators of one name take turns', async () => {
  const [first, second] = [deferred<undefined>(), deferred<undefined>()];
  const order: string[] = [];
  const making = awaitedLater(
    shelf.withName('web', undefined, async () => {
      order.push('first');
      first.resolve(undefined);
      await second.promise;
      order.push('first is done');
    }),
  );
  await first.promise;
  const waiting = shelf.withName('web', undefined, async () => Promise.resolve(order.push('second')));
  second.resolve(undefined);
  await Promise.all([making, waiting]);
  expect(order).toEqual(['first', 'first is done', 'second']);
  expect(entries()).toEqual([]);
});

it('removes the locks of killed creators, and no others', async () => {
  for (const name of ['dead', 'alive']) writeFileSync(join(locations.templates, `.${name}.lock`), '');
  const holder = spawn(
    'flock',
    [join(locations.templates, '.alive.lock'), 'sh', '-c', 'echo held; read line'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await once(holder.stdout, 'data');
  await shelf.sweep();
  expect(entries()).toEqual(['.alive.lock']);
  holder.stdin.end('\n');
  await once(holder, 'exit');
  await shelf.sweep();
  expect(entries()).toEqual([]);
});

it('removes what a killed removal left, and nothing that is being created', async () => {
  const dead = spawn('sleep', ['1000']);
  const { pid } = dead;
  if (pid === undefined) throw new Error('sleep could not be started');
  const owner = identifyProcess(pid);
  if (!owner) throw new Error('sleep is gone');
  mkdirSync(join(locations.templates, `.${nameOfOwned(owner)}`));
  await shelf.withName('web', undefined, async () => {
    expect(() => shelf.remove('web')).toThrow(TemplateNotFoundError);
    expect(entries()).toHaveLength(3);
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    expect(() => shelf.remove('web')).toThrow(TemplateNotFoundError);
    expect(entries()).toHaveLength(2);
  });
  expect(entries()).toEqual([]);
});
