import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { bootSectors } from '../../../../fixtures/guests/boot-sectors.ts';
import {
  DigestMismatchError,
  ImageInUseError,
  ImageNotFoundError,
  ImageRefusedError,
  InvalidInputError,
  NoSpaceError,
} from '../../../../src/errors/index.ts';
import { makeBuildDirectory } from '../../../../src/images/store/build-directory.ts';
import type { ImageProgress } from '../../../../src/images/pull/image-progress.ts';
import { recipeSha256 } from '../../../../src/images/micro/micro-recipe.ts';
import { digestOfAgent } from '../../../../src/images/record/agent-file.ts';
import type { DiskImage } from '../../../../src/images/record/image.ts';
import { withStoreLock } from '../../../../src/images/store/lock.ts';
import {
  type NewDiskImage,
  nameImage,
  placeDiskImage,
  placeKernelImage,
} from '../../../../src/images/store/place-image.ts';
import { createOverlay, rebaseDisk } from '../../../../src/images/qemu-img/qemu-img.ts';
import { fileSha256, sha256 } from '../../../../src/images/digest/sha256.ts';
import { launchAt } from '../../../../src/machine/launch/launch.ts';
import { type Locations, locate } from '../../../../src/machine/paths/locations.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import { ImageStore } from '../../../../src/machines/images/image-store.ts';
import { MachineStore } from '../../../../src/machines/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { deferred } from '../../../../src/util/time/deferred.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { canMount, smallFileSystem } from '../../machine/small-file-system.ts';

const MiB = 1024 ** 2;
const parent = temporaryDirectory();
let directory: string;
let environment: NodeJS.ProcessEnv;
let locations: Locations;
let store: ImageStore;
let machines: MachineStore;

beforeEach(() => {
  directory = directoryIn(parent, 'store-');
  environment = { ...process.env, HOME: directory };
  for (const kind of ['DATA', 'CONFIG', 'CACHE', 'STATE']) {
    environment[`XDG_${kind}_HOME`] = join(directory, kind.toLowerCase());
  }
  environment['XDG_RUNTIME_DIR'] = join(directory, 'run');
  mkdirSync(join(directory, 'run'), { mode: 0o700 });
  locations = locate(environment, directory, process.getuid?.() ?? 0);
  store = new ImageStore(environment);
  machines = new MachineStore(environment);
});

const at = (name: string): string => join(directory, name);
const qemuImg = (...args: string[]): string => execFileSync('qemu-img', args, { encoding: 'utf8' });

/** A disk with contents, in each format. */
function makeDisk(name: string, format = 'raw', fill = 'contents'): string {
  const raw = at(`${name}.contents`);
  writeFileSync(raw, Buffer.alloc(4 * MiB).fill(fill, 0, 500_000));
  qemuImg('convert', '-f', 'raw', '-O', format, raw, at(name));
  rmSync(raw);
  return at(name);
}

/** Runs work while the store is locked, until the work says that it waits. */
async function whileLocked(work: (onWait: () => void) => Promise<unknown>): Promise<void> {
  const [held, done] = [deferred<undefined>(), deferred<undefined>()];
  const holding = withStoreLock(locations.images, {}, async () => {
    held.resolve(undefined);
    await done.promise;
  });
  await held.promise;
  await work(() => done.resolve(undefined));
  await holding;
}

/** The bytes that a guest would read. */
function contentsOf(path: string, format: string): Buffer {
  const raw = at('as-read');
  qemuImg('convert', '-f', format, '-O', 'raw', path, raw);
  return readFileSync(raw);
}

async function importRaw(name = 'web:1', fill = 'contents'): Promise<DiskImage> {
  return store.import(makeDisk(`${name.replace(':', '-')}.raw`, 'raw', fill), { name });
}

async function namesOf(): Promise<string[]> {
  return (await store.list()).images.flatMap(({ names }) => names).sort();
}

/** Many images at once, without the time for importing each. */
async function placeImages(
  images: readonly (Pick<NewDiskImage, 'name' | 'path' | 'backing'> & { readonly format?: 'qcow2' })[],
): Promise<string[]> {
  return withStoreLock(locations.images, {}, async (scope) => {
    const digests: string[] = [];
    for (const { name, path, backing, format = 'raw' } of images) {
      const build = await makeBuildDirectory(locations.images, scope);
      const { digest } = await placeDiskImage(locations.images, build, {
        name,
        path,
        backing,
        format,
        bytes: statSync(path).size,
        sha256: await fileSha256(path, undefined),
        virtualBytes: 4 * MiB,
        sources: [],
        guest: { user: undefined, firmware: 'bios', cpu: 'x86-64', provisioner: 'none', agent: false },
        origin: { kind: 'layer', from: 'web:1', inputs: sha256(name) },
      });
      await nameImage(locations.images, name, digest, build);
      digests.push(digest);
    }
    return digests;
  });
}

/** An image that is based on another. */
async function placeLayer(name: string, base: DiskImage, inHeader = base.path): Promise<string> {
  const path = at(`${name}.qcow2`);
  await createOverlay({ path, backingPath: base.path, backingFormat: base.format });
  execFileSync('qemu-io', ['-c', 'write -P 7 1M 64k', path]);
  await rebaseDisk({ path, backing: { path: inHeader, format: base.format }, nameOnly: true });
  const [digest = ''] = await placeImages([{ name, path, backing: base.digest, format: 'qcow2' }]);
  return digest;
}

/** A `micro` that a start uses: it has the agent of this vmlet. */
async function placeMicro(kernel: string): Promise<string> {
  const agentSha256 = await digestOfAgent(agentProgram());
  return withStoreLock(locations.images, {}, async (scope) => {
    const build = await makeBuildDirectory(locations.images, scope);
    const { digest } = await placeKernelImage(locations.images, build, {
      name: 'micro',
      kernelRelease: '6.12.0',
      kernel: { path: 'vmlinux', data: Buffer.from(kernel) },
      initrd: { path: 'initrd', data: Buffer.from('initrd') },
      append: [],
      sources: [],
      agentSha256,
      recipeSha256: recipeSha256(),
    });
    await nameImage(locations.images, 'micro', digest, build);
    return digest;
  });
}

describe('an import', () => {
  it.each([
    ['raw', 'raw', 'raw'],
    ['qcow2', 'qcow2', 'qcow2'],
    ['vmdk', 'vmdk', 'qcow2'],
    ['vdi', 'vdi', 'qcow2'],
  ])('of a %s creates the disk that the guest should see', async (_, format, kept) => {
    const file = makeDisk(`disk.${format}`, format);
    const image = await store.import(file, {
      name: 'web:1',
      guest: { user: 'me', firmware: 'uefi', provisioner: 'none' },
    });
    expect(image).toMatchObject({
      name: 'web:1',
      format: kept,
      virtualBytes: 4 * MiB,
      guest: { user: 'me', firmware: 'uefi', cpu: 'x86-64', provisioner: 'none', agent: false },
      origin: { kind: 'imported', file, verification: 'none' },
    });
    // Compared by us: the test's own comparison takes a minute for 4 MiB.
    expect(contentsOf(image.path, image.format).equals(contentsOf(file, format))).toBe(true);
    expect(await store.get('web:1')).toEqual(image);
  });

  it('unpacks a compressed file, and compares the digest of the published file', async () => {
    const file = makeDisk('disk.qcow2', 'qcow2');
    execFileSync('xz', ['-0', file]);
    const digest = `sha256:${sha256(readFileSync(`${file}.xz`))}`;
    const image = await store.import(`${file}.xz`, { name: 'web', digest });
    expect(image).toMatchObject({ format: 'qcow2', origin: { verification: 'digest' } });
    expect(readdirSync(directory)).toContain('disk.qcow2.xz');
  });

  it('leaves nothing of a file with a wrong digest, or with references to other files', async () => {
    const file = makeDisk('disk.raw');
    const digest = `sha256:${'0'.repeat(64)}`;
    await expect(store.import(file, { name: 'web', digest })).rejects.toThrow(DigestMismatchError);
    await createOverlay({ path: at('overlay.qcow2'), backingPath: file, backingFormat: 'raw' });
    await expect(store.import(at('overlay.qcow2'), { name: 'web' })).rejects.toThrow(ImageRefusedError);
    expect(readdirSync(locations.images).filter((name) => name !== '.lock')).toEqual([]);
  });

  it.each(['micro', 'Web', 'abcdefabcdef', `sha256:${'a'.repeat(12)}`, 'a/b', ''])(
    'rejects the name %j',
    async (name) => {
      await expect(store.import(makeDisk('disk.raw'), { name })).rejects.toThrow(InvalidInputError);
    },
  );

  it.each([
    { user: '-oProxyCommand=x' },
    { firmware: 'coreboot' },
    { cpu: 'i386' },
    { provisioner: 'ignition' },
    { surprise: 1 },
  ])('of a guest described as %j is rejected', async (guest) => {
    const options = { name: 'web', guest: guest as object };
    await expect(store.import(makeDisk('disk.raw'), options)).rejects.toThrow(InvalidInputError);
  });

  it('of the same disk creates the same image, and keeps the best verification', async () => {
    const file = makeDisk('disk.raw');
    const digest = `sha512:${execFileSync('sha512sum', [file], { encoding: 'utf8' }).split(' ')[0] ?? ''}`;
    const level = async (name: string): Promise<unknown> => (await store.inspect(name)).verification;
    const first = await store.import(file, { name: 'web:1' });
    expect(await level('web:1')).toBe('none');
    const second = await store.import(file, { name: 'web:2', digest });
    expect(second.digest).toBe(first.digest);
    expect([await level('web:1'), await level('web:2')]).toEqual(['digest', 'digest']);
    await store.import(file, { name: 'web:3' });
    expect(await level('web:1')).toBe('digest');
    expect((await store.list()).images).toHaveLength(1);
  });

  it('says that it waits while another process changes the store', async () => {
    await whileLocked(async (onWait) => {
      const onProgress = ({ phase }: ImageProgress): void => {
        if (phase === 'waiting for another process') onWait();
      };
      await store.import(makeDisk('disk.raw'), { name: 'web', onProgress });
    });
  });

  it('reports how much of a disk in another format is converted, and the check afterwards', async () => {
    const news: ImageProgress[] = [];
    const onProgress = (one: ImageProgress): void => void news.push(one);
    await store.import(makeDisk('disk.vmdk', 'vmdk'), { name: 'web', onProgress });
    expect(news.findLast(({ phase }) => phase === 'converting')?.fraction).toBe(1);
    const phases = news.map(({ phase }) => phase);
    const changes = phases.filter((phase, index) => phase !== phases[index - 1]);
    expect(changes).toEqual(['copying', 'checking', 'converting', 'checking', 'done']);
  });

  it('can run several times at once', async () => {
    const file = makeDisk('disk.raw');
    const names = ['a', 'b', 'c', 'd'];
    const images = await Promise.all(names.map(async (name) => store.import(file, { name })));
    expect(new Set(images.map(({ digest }) => digest)).size).toBe(1);
    expect(await namesOf()).toEqual(names);
    expect(await store.list()).toMatchObject({ broken: [] });
  });
});

describe('an image is not removed', () => {
  const usersOf = async (reference: string): Promise<readonly string[]> => {
    const error = await store.remove(reference).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (!(error instanceof ImageInUseError)) throw new Error(`it was removed: ${String(error)}`);
    expect((await store.inspect(reference)).usedBy).toEqual(error.users);
    expect(await store.prune({ all: true })).toEqual([]);
    return error.users;
  };

  it('while a machine or a kept disk is based on it', async () => {
    const image = await importRaw();
    await machines.create({ name: 'm', image: 'web:1' });
    expect(await usersOf('web:1')).toEqual(['machine "m"']);
    // A second name is irrelevant to the image.
    await store.tag('web:1', 'other');
    expect(await store.remove('other')).toEqual({ names: ['other'], images: [] });
    expect(await usersOf(image.digest.slice(0, 12))).toEqual(['machine "m"']);
    const { keptDisks } = await machines.remove('m');
    const [kept = ''] = keptDisks;
    expect(await usersOf('web:1')).toEqual([`disk ${kept}`]);
    rmSync(kept);
    const removed = await store.remove('web:1');
    expect(removed).toMatchObject({ names: ['web:1'], images: [{ digest: image.digest }] });
    expect(readdirSync(locations.images).filter((name) => name !== '.lock')).toEqual([]);
  });

  it('while a machine is based on it, although its name was removed with a newer image', async () => {
    const old = await importRaw('web:1', 'old');
    await machines.create({ name: 'm', image: 'web:1' });
    const { digest } = await importRaw('web:1', 'new');
    expect(await store.remove('web:1')).toMatchObject({ names: ['web:1'], images: [{ digest }] });
    const short = old.digest.slice(0, 12);
    await expect(store.remove('web:1')).rejects.toThrow(`"web:1 (sha256:${short})" is in use by machine "m"`);
    await machines.remove('m', { storage: true });
    expect(await store.remove('web:1')).toMatchObject({ names: [], images: [{ digest: old.digest }] });
  });

  it('while a machine with an unreadable definition is based on it', async () => {
    await importRaw();
    await machines.create({ name: 'm', image: 'web:1' });
    const spec = join(locations.machines, 'm/spec.json');
    writeFileSync(spec, `${readFileSync(spec, 'utf8')}!`);
    expect(await usersOf('web:1')).toEqual(['machine "m"']);
  });

  it('while a machine boots it at each start, which names no file of it', async () => {
    const old = await placeMicro('old');
    await machines.create({ name: 'web', image: 'micro' });
    await machines.create({ name: 'other', kernel: process.execPath, labels: { image: 'micro' } });
    expect(await usersOf('micro')).toEqual(['machine "web"']);
    expect((await store.diskUsage()).images).toMatchObject([{ active: true, reclaimableBytes: 0 }]);
    const digest = await placeMicro('new');
    expect((await store.prune()).map((image) => image.digest)).toEqual([old]);
    expect(await usersOf('micro')).toEqual(['machine "web"']);
    await machines.remove('web');
    expect((await store.remove('micro')).images).toMatchObject([{ digest }]);
  });

  it('while a clone needs it, even if the original was removed', async () => {
    await importRaw();
    const machine = await machines.create({ name: 'm', image: 'web:1' });
    await machine.clone('c', { linked: true });
    await machines.remove('m', { storage: true });
    expect(await usersOf('web:1')).toContain('machine "c"');
    await machines.remove('c', { storage: true });
    // The base of the clone is removed once the process that created it has ended.
    for (const name of readdirSync(locations.disks)) rmSync(join(locations.disks, name));
    expect((await store.remove('web:1')).images).toHaveLength(1);
  });

  it('while another image is based on it; a prune removes both', async () => {
    const base = await importRaw();
    const layer = await placeLayer('layer', base);
    expect(await store.inspect('layer')).toMatchObject({ standsOn: [base.path], verification: undefined });
    await expect(store.remove('web:1')).rejects.toThrow(/"web:1" is in use by layer$/);
    await machines.create({ name: 'm', image: 'layer' });
    await expect(store.remove('layer')).rejects.toThrow(/"layer" is in use by machine "m"$/);
    await machines.remove('m', { storage: true });
    const dry = await store.prune({ all: true, dryRun: true });
    expect(dry.map(({ digest }) => digest)).toEqual([layer, base.digest]);
    expect(await namesOf()).toEqual(['layer', 'web:1']);
    // The layer above stays, and so does its base.
    expect(await store.prune({ all: true, only: [base.digest] })).toEqual([]);
    expect(await store.prune({ all: true, only: [] })).toEqual([]);
    expect(await namesOf()).toEqual(['layer', 'web:1']);
    expect((await store.prune({ all: true })).map(({ digest }) => digest)).toEqual([layer, base.digest]);
    expect(await namesOf()).toEqual([]);
  });

  it('while a throw-away machine uses it', async () => {
    writeFileSync(at('hang.raw'), bootSectors.hang);
    await store.import(at('hang.raw'), { name: 'hang', guest: { provisioner: 'none' } });
    const machine = await launchAt(
      { locations },
      { image: 'hang', until: 'running', net: 'none', accel: 'tcg', memory: '64M' },
    );
    try {
      expect(await usersOf('hang')).toEqual([`a throw-away machine (process ${process.pid})`]);
    } finally {
      await machine.kill();
    }
    expect((await store.remove('hang')).images).toHaveLength(1);
  });

  it('while another image is built from it', async () => {
    const base = await importRaw();
    await using scope = new Scope();
    const build = await makeBuildDirectory(locations.images, scope);
    mkdirSync(join(build, 'machine'));
    await createOverlay({
      path: join(build, 'machine/disk0.qcow2'),
      backingPath: base.path,
      backingFormat: base.format,
    });
    expect(await usersOf('web:1')).toEqual([`an image that process ${process.pid} is building`]);
  });
});

it('an image that is imported again has the same times, which templates record', async () => {
  const times = async (): Promise<number> => statSync((await importRaw()).path).mtimeMs;
  const before = await times();
  await store.remove('web:1');
  expect(await times()).toBe(before);
});

describe('names', () => {
  it('move to another image, and the image without a name is pruned', async () => {
    const one = await importRaw('web:1', 'one');
    const two = await importRaw('web:2', 'two');
    await store.tag('web:2', 'web:1');
    expect(await namesOf()).toEqual(['web:1', 'web:2']);
    expect((await store.get('web:1')).digest).toBe(two.digest);
    expect((await store.inspect(one.digest.slice(0, 12))).names).toEqual([]);
    expect((await store.prune()).map(({ digest }) => digest)).toEqual([one.digest]);
    expect(await namesOf()).toEqual(['web:1', 'web:2']);
  });

  it('of missing images can be removed', async () => {
    const { digest } = await importRaw();
    rmSync(join(locations.images, `sha256-${digest}`), { recursive: true });
    expect(await store.remove('web:1')).toEqual({ names: ['web:1'], images: [] });
    expect(readdirSync(locations.images)).toEqual(['.lock']);
  });

  it.each(['digest', 'name'])('of a damaged image are all removed with it by its %s', async (by) => {
    const { digest } = await importRaw();
    await store.tag('web:1', 'web:2');
    writeFileSync(join(locations.images, `sha256-${digest}`, 'manifest.json'), '');
    expect(await store.remove(by === 'name' ? 'web:2' : digest)).toEqual({
      names: ['web:1', 'web:2'],
      images: [],
    });
    expect(readdirSync(locations.images)).toEqual(['.lock']);
  });

  it('take earlier images with them only with the last name', async () => {
    const one = await importRaw('web:1', 'one');
    const two = await importRaw('web:1', 'two');
    await store.tag('web:1', 'web:2');
    expect(await store.remove('web:1')).toEqual({ names: ['web:1'], images: [] });
    await store.tag('web:2', 'web:1');
    await store.remove('web:2');
    const { images } = await store.remove('web:1');
    expect(images.map(({ digest }) => digest)).toEqual([two.digest, one.digest]);
  });

  it.each([
    ['tag', async (onWait: () => void) => store.tag('web:1', 'web:2', { onWait })],
    ['remove', async (onWait: () => void) => store.remove('web:1', { onWait })],
    ['prune', async (onWait: () => void) => store.prune({ onWait })],
  ])('a %s says that it waits while another process changes the store', async (_, work) => {
    await importRaw();
    await whileLocked(work);
  });

  it('are removed by exactly one of several concurrent commands', async () => {
    await importRaw();
    const results = await Promise.allSettled(Array.from({ length: 6 }, async () => store.remove('web:1')));
    const failures = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    expect(failures).toHaveLength(5);
    for (const failure of failures) expect(failure).toBeInstanceOf(ImageNotFoundError);
  });
});

it.each([1, 2, 3, 6])(
  'a prune that is killed at change %i leaves complete images, and the next one removes the rest',
  async (changes) => {
    await placeImages(
      Array.from({ length: 12 }, (_, index) => {
        const path = at(`many-${index}`);
        writeFileSync(path, String(index));
        return { name: `many:${index}`, path, backing: undefined };
      }),
    );
    const fixture = new URL('../../../../fixtures/images/prune.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--import', 'tsx', fixture, locations.images, String(changes)], {
      env: environment,
      stdio: 'inherit',
    });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const { images, broken } = await store.list();
    expect(broken).toEqual([]);
    expect(images.length).toBeGreaterThan(0);
    for (const { digest } of images) expect((await store.get(digest)).digest).toBe(digest);
    expect(await store.prune({ all: true })).toHaveLength(images.length);
    expect(readdirSync(locations.images)).toEqual(['.lock']);
  },
);

describe('an export', () => {
  it.each([
    ['qcow2', 'qcow2'],
    ['raw', 'raw'],
    ['vmdk', 'vmdk'],
    ['vdi', 'vdi'],
    ['vhdx', 'vhdx'],
    ['vhd', 'vpc'],
  ])('to a file that ends in .%s contains all of a layered image', async (ending, driver) => {
    // References in its own header are not followed.
    await placeLayer('layer', await importRaw(), '/nowhere/base');
    const seen: number[] = [];
    const file = at(`out.${ending}`);
    const exported = await store.export('layer', file, { onProgress: (fraction) => seen.push(fraction) });
    expect(exported).toEqual({ path: file, format: ending, bytes: statSync(file).size });
    expect(seen.at(-1)).toBe(1);
    const contents = contentsOf(file, driver);
    expect(contents.length).toBe(4 * MiB);
    expect(contents.subarray(0, 8).toString()).toBe('contents');
    expect(contents.subarray(MiB, MiB + 65_536).every((byte) => byte === 7)).toBe(true);
    expect(qemuImg('info', '-f', driver, file)).not.toContain('backing file');
    expect(readdirSync(directory).filter((name) => name.includes('partial'))).toEqual([]);
  });

  it('can be imported as the same image', async () => {
    const image = await importRaw();
    await store.export('web:1', at('out.raw'));
    expect((await store.import(at('out.raw'), { name: 'again' })).digest).toBe(image.digest);
  });

  it('overwrites files only on request, and never anything but files', async () => {
    await importRaw();
    writeFileSync(at('mine.qcow2'), 'mine');
    await expect(store.export('web:1', at('mine.qcow2'))).rejects.toThrow(/already exists/);
    expect(readFileSync(at('mine.qcow2'), 'utf8')).toBe('mine');
    const { bytes } = await store.export('web:1', at('mine.qcow2'), { force: true, compress: true });
    expect(bytes).toBeLessThan(400_000);
    expect(contentsOf(at('mine.qcow2'), 'qcow2').subarray(0, 8).toString()).toBe('contents');
    await expect(store.export('web:1', '/dev/null', { force: true })).rejects.toThrow(
      /is not a regular file/,
    );
    await expect(store.export('web:1', at('a.raw'), { compress: true })).rejects.toThrow(
      /applies only to qcow2, not to raw/,
    );
  });

  it.skipIf(!canMount)('reports a full disk, and leaves nothing', async () => {
    await importRaw();
    await using scope = new Scope();
    const small = smallFileSystem(directory, '200k', scope);
    await expect(store.export('web:1', join(small, 'out.qcow2'))).rejects.toThrow(NoSpaceError);
    expect(readdirSync(small)).toEqual([]);
  });
});

describe('disk usage', () => {
  it('is reported for each image, counting each file once', async () => {
    const image = await importRaw('web:1');
    await importRaw('idle', 'idle');
    const machine = await machines.create({ name: 'm', image: 'web:1', disks: ['8M'] });
    await machine.createSnapshot('before');
    await machines.create({ name: 'gone', image: 'web:1' });
    await machines.remove('gone');
    const usage = await store.diskUsage();
    const [idle, web] = usage.images;
    const onHost = (path: string): number =>
      Number(execFileSync('du', ['-s', '-B1', path], { encoding: 'utf8' }).split('\t')[0]);
    expect(web).toMatchObject({ name: 'web:1', active: true, reclaimableBytes: 0 });
    expect(idle).toMatchObject({ name: 'idle', active: false, reclaimableBytes: idle?.hostBytes });
    // The file has a hole of 3.5 MiB.
    expect(web?.apparentBytes).toBeGreaterThan(image.virtualBytes);
    expect(web?.hostBytes).toBeLessThan(MiB);
    const [own] = usage.machines;
    expect(own).toMatchObject({ name: 'm', active: false, reclaimableBytes: 0 });
    const files = execFileSync('find', [join(locations.machines, 'm'), '-type', 'f'], { encoding: 'utf8' });
    const sum = files
      .trim()
      .split('\n')
      .reduce((total, file) => total + onHost(file), 0);
    expect(own?.hostBytes).toBe(sum);
    expect(usage.snapshots).toMatchObject([{ name: 'm before', hostBytes: 0 }]);
    const [disk, ...others] = usage['kept disks'];
    expect(disk).toMatchObject({
      name: 'gone-disk0.qcow2',
      active: false,
      reclaimableBytes: disk?.hostBytes,
    });
    expect(others).toEqual([]);
  });

  it('includes interrupted downloads, which are removed, and running ones, which stay', async () => {
    const downloads = join(locations.cache, 'downloads');
    mkdirSync(downloads, { recursive: true });
    for (const stem of ['dead', 'alive']) {
      writeFileSync(join(downloads, `${stem}.part`), 'x'.repeat(10_000));
      writeFileSync(join(downloads, `${stem}.json`), '{}');
    }
    writeFileSync(join(downloads, 'dead.json.1.2.new'), '');
    mkdirSync(join(locations.images, '.building-1-1-00000000-0000-0000-0000-000000000000-x'), {
      recursive: true,
    });
    mkdirSync(join(locations.scratch, '00000000-1-1-abcdef'), { recursive: true });
    const holder = spawn('flock', [join(downloads, 'alive.lock'), 'sh', '-c', 'echo held; read line'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    try {
      const usage = await store.diskUsage();
      expect(usage.downloads).toMatchObject([
        { name: 'alive', active: true, apparentBytes: 10_002, reclaimableBytes: 0 },
        { name: 'dead', active: false, apparentBytes: 10_002 },
      ]);
      expect(usage.unfinished.map(({ active }) => active)).toEqual([false, false]);
      const names = async (dryRun: boolean): Promise<string[]> =>
        (await store.pruneLeftovers({ dryRun })).map(({ name }) => name);
      const going = await names(true);
      expect(going).toEqual(['dead', expect.stringMatching(/^\.building-/), '00000000-1-1-abcdef']);
      expect(readdirSync(downloads)).toContain('dead.part');
      expect(await names(false)).toEqual(going);
      expect(readdirSync(downloads)).toEqual(['alive.json', 'alive.lock', 'alive.part']);
      expect(readdirSync(locations.scratch)).toEqual([]);
      expect(readdirSync(locations.images)).toEqual([]);
      // One that was interrupted after a caller looked stays.
      writeFileSync(join(downloads, 'late.part'), 'x');
      expect(await store.pruneLeftovers({ only: ['dead'] })).toEqual([]);
      expect(readdirSync(downloads)).toContain('late.part');
      expect(await store.pruneLeftovers({ only: ['late'] })).toMatchObject([{ name: 'late' }]);
      expect(readdirSync(downloads)).not.toContain('late.part');
    } finally {
      holder.stdin.end('\n');
      await once(holder, 'exit');
    }
  });
});
