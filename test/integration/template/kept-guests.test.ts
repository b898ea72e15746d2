import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locate } from '../../../src/machine/paths/locations.ts';
import { nameOfOwned, ownIdentity } from '../../../src/machine/paths/runtime-directory.ts';
import type { Plan } from '../../../src/machine/plan/plan.ts';
import type { KeptLimits } from '../../../src/machine/settings/kept-limits.ts';
import { identifyProcess } from '../../../src/process/procfs/identity.ts';
import { bootAndKeep } from '../../../src/template/kept/boot-guest.ts';
import type { KeptRequest } from '../../../src/template/kept/fork-guest.ts';
import { KeptGuests } from '../../../src/template/kept/kept-guests.ts';
import { describeFiles } from '../../../src/template/template-basis.ts';
import { templateFiles } from '../../../src/template/template-files.ts';
import { writeRecord } from '../../../src/template/template-record.ts';
import { packageVersion } from '../../../src/machine/paths/package-files.ts';
import type { Template } from '../../../src/template/template.ts';
import type { FileSystem } from '../../../src/util/files/file-system.ts';
import { directoryIn, temporaryDirectory } from '../../directory.ts';
import { plainPlan } from '../../unit/machine/plan/plain-plan.ts';

/** Kept guests that consist of a record and some bytes. */

const MiB = 1024 ** 2;
const HOUR_MS = 3600_000;
const NO_LIMITS: KeptLimits = { bytes: undefined, days: undefined };
const ROOMY: FileSystem = { bytes: 1e12, freeBytes: 1e11, isOnNetwork: false, isInMemory: false };
const directory = temporaryDirectory();

/** A cache, an image and a QEMU. */
function home(look?: (path: string) => FileSystem) {
  const own = directoryIn(directory, 'home-');
  const locations = locate({ XDG_CACHE_HOME: join(own, 'cache') }, own, 0);
  const guests = new KeptGuests(locations, look);
  const kernel = join(own, 'vmlinux');
  const initrd = join(own, 'initrd');
  const qemu = join(own, 'qemu');
  for (const path of [kernel, initrd, qemu]) writeFileSync(path, 'of the day');
  const plan: Plan = {
    ...plainPlan,
    qemu,
    boot: {
      ...{ kind: 'kernel', kernelPath: kernel, commandLine: '' },
      ...{ initrdPath: join(own, 'initrd-with-agent'), initrdBase: initrd },
    },
  } as const;
  const programs = { vmlet: packageVersion(), QEMU: `1.2 (${describeQemu(qemu)})` };

  /** Keeps a guest that was last used some hours ago. */
  const keep = async (
    key: string,
    { basis = {}, idleHours = 0, bytes = 0 }: { basis?: object; idleHours?: number; bytes?: number } = {},
  ): Promise<void> => {
    await guests.create(key, async (place) => {
      const files = templateFiles(place.directory);
      writeFileSync(files.memory, Buffer.alloc(bytes, 1), { mode: 0o600 });
      writeRecord(files, {
        ...{ name: key, image: 'micro', inputs: key, createdAt: new Date().toISOString() },
        ...{ staysOnFailure: true, opensFiles: true, opensReadOnly: true },
        basis: { ...programs, ...describeFiles(plan), ...basis },
        plan,
      });
      place.publish();
      rest(place.directory, idleHours);
      return Promise.resolve();
    });
  };
  const keys = (): string[] => guests.list().map(({ key }) => key);
  const stamp = join(locations.cache, 'guests-pruned');
  return { guests, stamp, kernel, initrd, qemu, keep, keys };
}

/** The description of a file that a record has. */
function describeQemu(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${size} bytes of ${new Date(mtimeMs).toISOString()}`;
}

function rest(path: string, hours: number): void {
  const then = new Date(Date.now() - hours * HOUR_MS);
  utimesSync(path, then, then);
}

/** Makes the directory of a guest that of a process that has ended: those of this process stay until it ends. */
async function disown(path: string): Promise<void> {
  const program = spawn('sleep', ['1000']);
  const owner = identifyProcess(program.pid ?? 0);
  if (!owner) throw new Error('sleep is gone');
  program.kill('SIGKILL');
  await once(program, 'exit');
  const guests = dirname(path);
  const name = readdirSync(guests).find((entry) => !entry.startsWith('.'));
  const link = join(guests, name ?? '');
  const other = join(guests, `.${nameOfOwned(owner)}`);
  renameSync(path, other);
  rmSync(link);
  symlinkSync(other, link);
}

function found(guests: KeptGuests, key: string): Template {
  const template = guests.find(key, NO_LIMITS);
  if (!template) throw new Error(`${key} is not kept`);
  return template;
}

describe('a prune', () => {
  it('removes guests of another release, or of a QEMU that has changed, after a day without use', async () => {
    const { guests, qemu, keep, keys } = home();
    await keep('same', { idleHours: 30 });
    await keep('release-used', { basis: { vmlet: '0.0.1' }, idleHours: 20 });
    await keep('release-idle', { basis: { vmlet: '0.0.1' }, idleHours: 30 });
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['release-used', 'same']);
    writeFileSync(qemu, 'of the next day');
    await keep('qemu-used', { idleHours: 20 });
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['qemu-used', 'release-used']);
    rmSync(qemu);
    rest(found(guests, 'qemu-used').directory, 30);
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['release-used']);
  });

  it.each<[string, (record: { plan: object }) => object]>([
    ['has one more field', (record) => ({ ...record, added: 1 })],
    [
      'has another kind of plan',
      ({ plan, ...record }) => ({
        ...record,
        basis: { vmlet: '9.9.9' },
        plan: { ...plan, boot: 1, disks: 2 },
      }),
    ],
  ])('removes a guest whose record %s after a day without use', async (_, change) => {
    const { guests, keep, keys } = home();
    await keep('foreign');
    const { directory } = found(guests, 'foreign');
    const { record } = templateFiles(directory);
    writeFileSync(
      record,
      JSON.stringify(change(JSON.parse(readFileSync(record, 'utf8')) as { plan: object })),
    );
    rest(directory, 20);
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['foreign']);
    // As after the removal of an image.
    await guests.removeWhere(({ template }) => template?.hasSources() === false);
    expect(keys()).toEqual(['foreign']);
    rest(directory, 30);
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual([]);
  });

  it('keeps a guest of another release while a run of more than a day uses it', async () => {
    const { guests, keep, keys } = home();
    await keep('release', { basis: { vmlet: '0.0.1' } });
    const template = found(guests, 'release');
    const run = guests.hold('release', template);
    rest(template.directory, 30);
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['release']);
    await run?.close();
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['release']);
    rest(template.directory, 30);
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual([]);
  });

  it('removes at once guests whose image has changed, and old ones', async () => {
    const { guests, kernel, keep, keys } = home();
    await keep('changed');
    writeFileSync(kernel, 'of the next day');
    await keep('current');
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['current']);
    await guests.prune({ ...NO_LIMITS, days: { value: 0, source: 'a test' } });
    expect(keys()).toEqual([]);
  });

  it('removes at once a guest to whose initramfs vmlet added the agent, when the user builds a new one', async () => {
    const { guests, initrd, keep, keys } = home();
    await keep('changed');
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual(['changed']);
    writeFileSync(initrd, 'of the next day');
    await guests.prune(NO_LIMITS);
    expect(keys()).toEqual([]);
  });

  it('removes the least recently used guests beyond the limit', async () => {
    const { guests, keep, keys } = home();
    await keep('first', { bytes: 2 * MiB, idleHours: 2 });
    await keep('second', { bytes: 2 * MiB, idleHours: 1 });
    await guests.hold('first', found(guests, 'first'))?.close();
    await guests.prune({ ...NO_LIMITS, bytes: { value: 3 * MiB, source: 'a test' } });
    expect(keys()).toEqual(['first']);
  });

  it('of runs that only fork happens once a day, whatever else changes the directory', async () => {
    const { guests, stamp, keep, keys } = home();
    const IDLE = { basis: { vmlet: '0.0.1' }, idleHours: 30 };
    await keep('never-pruned', IDLE);
    await guests.pruneDaily(NO_LIMITS);
    expect(keys()).toEqual([]);
    rest(stamp, 20);
    await keep('idle', IDLE);
    await guests.pruneDaily(NO_LIMITS);
    expect(keys()).toEqual(['idle']);
    rest(stamp, 30);
    await keep('current');
    await guests.pruneDaily(NO_LIMITS);
    expect(keys()).toEqual(['current']);
    // Also if nothing is removed.
    rest(stamp, 30);
    await guests.pruneDaily(NO_LIMITS);
    expect(Date.now() - statSync(stamp).mtimeMs).toBeLessThan(HOUR_MS);
  });
});

it('a search changes nothing, whether the guest is current, old or damaged', async () => {
  const { guests, keep, keys } = home();
  await keep('web');
  const template = found(guests, 'web');
  expect(guests.find('web', { ...NO_LIMITS, days: { value: 1e-9, source: 'a test' } })).toBeUndefined();
  writeFileSync(templateFiles(template.directory).record, '{');
  expect(guests.find('web', NO_LIMITS)).toBeUndefined();
  expect(keys()).toEqual(['web']);
});

it('a search finds nothing where the limits allow no kept guest', async () => {
  const { guests, keep, keys } = home();
  await keep('web');
  const zero = { value: 0, source: 'a test' };
  for (const limits of [{ bytes: zero }, { days: zero }, { bytes: { ...zero, value: 1 * MiB } }]) {
    expect(guests.find('web', { ...NO_LIMITS, ...limits })).toBeUndefined();
  }
  expect(keys()).toEqual(['web']);
});

describe('a run that finds no room for its guest', () => {
  const OLD = { basis: { vmlet: '0.0.1' }, idleHours: 30 };
  const SHORT = { ...ROOMY, freeBytes: 100 * MiB };

  it('removes guests that nobody uses', async () => {
    const { guests, keep, keys } = home(() => SHORT);
    await keep('old', OLD);
    await keep('current');
    expect(await boot(guests)).toContain('there is not enough disk space');
    expect(keys()).toEqual(['current']);
  });

  it('keeps its guest in the space that this frees', async () => {
    const { guests, keep, keys } = home(() => (keys().length > 0 ? SHORT : ROOMY));
    await keep('old', OLD);
    // The lock says that another process is keeping the guest: nothing boots.
    await guests.create('new', async () => {
      expect(await boot(guests)).toEqual([]);
      expect(keys()).toEqual([]);
    });
  });

  it('removes guests beyond a limit that is less than any guest takes', async () => {
    const { guests, keep, keys } = home();
    await keep('large', { bytes: 2 * MiB });
    expect(await boot(guests, 1 * MiB)).toContain('a test is less than 64 MiB');
    expect(keys()).toEqual([]);
  });

  /** Boots the guest `new`, unless it cannot be kept. @returns the reasons. */
  async function boot(guests: KeptGuests, bytes = 1e9): Promise<string[]> {
    const reasons: string[] = [];
    const debug = ({ reason }: { reason?: string }): unknown => reason !== undefined && reasons.push(reason);
    const limits = { ...NO_LIMITS, bytes: { value: bytes, source: 'a test' } };
    const request = {
      options: { log: { debug } },
      spec: { memoryBytes: 96 * MiB },
      guests,
      limits,
      key: 'new',
    };
    expect(await bootAndKeep(request as unknown as KeptRequest)).toBeUndefined();
    return reasons;
  }
});

describe('a guest that a run uses', () => {
  it('stays on the disk when it is removed, and is gone after the run and the next sweep', async () => {
    const { guests, keep, keys } = home();
    await keep('used');
    await disown(found(guests, 'used').directory);
    const template = found(guests, 'used');
    const run = guests.hold('used', template);
    expect(guests.list()).toMatchObject([{ key: 'used', isUsed: true }]);
    await guests.removeWhere(() => true);
    expect(keys()).toEqual([]);
    expect(readdirSync(template.directory)).toEqual(
      expect.arrayContaining(['memory', 'template.json']) as string[],
    );
    expect(guests.unfinished()).toEqual([{ directory: template.directory, active: true }]);
    await run?.close();
    await guests.removeWhere(() => true);
    expect(existsSync(template.directory)).toBe(false);
  });

  it('cannot be held once it was removed or replaced', async () => {
    const { guests, keep } = home();
    await keep('gone');
    const gone = found(guests, 'gone');
    const other = guests.hold('gone', gone);
    guests.remove('gone');
    expect(guests.hold('gone', gone)).toBeUndefined();
    await keep('gone');
    // The directory is still there for the other run.
    expect(guests.hold('gone', gone)).toBeUndefined();
    await other?.close();
    await guests.removeWhere(() => false);
    expect(guests.hold('gone', gone)).toBeUndefined();
  });

  it('forgets killed runs when the next one begins, and no others', async () => {
    const { guests, keep } = home();
    await keep('web');
    const template = found(guests, 'web');
    const uses = (): string[] => readdirSync(template.directory).filter((name) => name.startsWith('use-'));
    const running = guests.hold('web', template);
    const [live = ''] = uses();
    const killed = `use-${nameOfOwned({ ...ownIdentity(), startTime: 1 })}`;
    writeFileSync(join(template.directory, killed), '');
    const next = guests.hold('web', template);
    expect(uses()).toHaveLength(2);
    expect(uses()).toContain(live);
    await next?.close();
    expect(uses()).toEqual([live]);
    await running?.close();
  });

  it('counts as used at that moment', async () => {
    const { guests, keep } = home();
    await keep('web', { idleHours: 30 });
    const usedAtMs = (): number => guests.list()[0]!.usedAtMs;
    expect(usedAtMs()).toBeLessThan(Date.now() - 29 * HOUR_MS);
    const run = guests.hold('web', found(guests, 'web'));
    expect(usedAtMs()).toBeGreaterThan(Date.now() - HOUR_MS);
    await run?.close();
    expect(guests.list()).toMatchObject([{ isUsed: false }]);
  });
});

describe('a guest is not kept', () => {
  it.each<[string, Partial<FileSystem>, number | undefined, string | undefined]>([
    ['with room for its memory', {}, undefined, undefined],
    [
      'on a network file system',
      { isOnNetwork: true },
      undefined,
      'the cache directory is on a network file system',
    ],
    [
      'if less than 512 MiB stays free',
      { freeBytes: 600 * MiB },
      undefined,
      'there is not enough disk space',
    ],
    [
      'on a small file system',
      { bytes: 600 * MiB },
      undefined,
      'a tenth of the file system is less than 64 MiB',
    ],
    ['with a small limit', {}, 1 * MiB, 'a test is less than 64 MiB'],
    ['with the limit 0', {}, 0, 'a test is 0'],
    ['with a limit of its own', { bytes: 600 * MiB }, 100 * MiB, undefined],
  ])('%s: %j, limit %s: %s', (_, fileSystem, limit, obstacle) => {
    const { guests } = home(() => ({ ...ROOMY, ...fileSystem }));
    const bytes = limit === undefined ? undefined : { value: limit, source: 'a test' };
    expect(guests.obstacle(96 * MiB, { ...NO_LIMITS, bytes })).toBe(obstacle);
  });
});
