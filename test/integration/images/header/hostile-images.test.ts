import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostileImage, SECRET, hostileImages } from '../../../../fixtures/images/hostile/corpus.ts';
import { ImageRefusedError } from '../../../../src/errors/index.ts';
import { addImage } from '../../../../src/images/store/add-image.ts';
import { fileSha256 } from '../../../../src/images/digest/sha256.ts';
import { launch } from '../../../../src/index.ts';
import { requireProgram } from '../../../../src/process/program.ts';
import { run } from '../../../../src/process/run.ts';
import { type CreateOptions, MachineStore } from '../../../../src/machines/index.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const at = (...names: readonly string[]): string => join(directory, ...names);
const images = hostileImages();
const secret = 'nobody asked for this to be shown to a guest\n'.repeat(1456).padEnd(64 * 1024, '.');
const record = at('record');
const QEMU = ['qemu-img', 'qemu-system-x86_64', 'qemu-io', 'qemu-nbd', 'qemu-storage-daemon'];
const environment = { ...process.env };

/** Programs that record their arguments and then run the real ones. */
function recordPrograms(): string {
  const programs = at('programs');
  mkdirSync(programs);
  for (const name of QEMU) {
    const path = join(programs, name);
    const real = requireProgram(name);
    writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$0 $*" >>'${record}'\nexec '${real}' "$@"\n`);
    chmodSync(path, 0o755);
  }
  return programs;
}

beforeAll(() => {
  mkdirSync(at('images'));
  for (const { name, content } of images) writeFileSync(at('images', name), content);
  writeFileSync(at('images', SECRET), secret);
  process.env['PATH'] = [recordPrograms(), environment['PATH'] ?? ''].join(delimiter);
  for (const [name, place] of [
    ['XDG_CACHE_HOME', 'cache'],
    ['XDG_DATA_HOME', 'data'],
    ['XDG_STATE_HOME', 'state'],
    ['XDG_CONFIG_HOME', 'config'],
  ] as const)
    process.env[name] = at(place);
});
afterAll(() => {
  for (const name of Object.keys(process.env)) {
    if (environment[name] === undefined) Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, environment);
});

/** The command lines of QEMU programs since the last call. */
function handedToQemu(): string[] {
  const lines = existsSync(record) ? readFileSync(record, 'utf8').split('\n').filter(Boolean) : [];
  writeFileSync(record, '');
  return lines;
}

const pathOf = ({ name }: HostileImage): string => at('images', name);
const text = (image: HostileImage): string => `${pathOf(image)},format=${image.format}`;

const NO_CD = 'not a CD image';

async function expectRefusal(
  image: HostileImage,
  attempt: Promise<unknown>,
  reason: string,
  field?: string,
): Promise<void> {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  expect(error, image.name).toBeInstanceOf(ImageRefusedError);
  expect((error as ImageRefusedError).reasons, image.name).toContainEqual(expect.stringContaining(reason));
  if (field !== undefined) expect(error, image.name).toHaveProperty('field', field);
}

describe('QEMU’s behaviour with hostile images that were not checked', () => {
  const dangerous = (danger: HostileImage['danger']) => images.filter((image) => image.danger === danger);
  const convert = async (image: HostileImage, format: readonly string[]): Promise<string> => {
    const raw = at('converted.raw');
    await run(['qemu-img', 'convert', ...format, '-O', 'raw', pathOf(image), raw], { cwd: at('images') });
    return readFileSync(raw, 'latin1');
  };

  it.each(dangerous('follows'))('$name exposes another file', async (image) => {
    expect(await convert(image, ['-f', image.format])).toContain(secret);
  });

  it.each(dangerous('follows-when-guessed'))('$name exposes it if the format is probed', async (image) => {
    expect(await convert(image, [])).toContain(secret);
  });

  it.each(dangerous('names'))('$name names another file', async (image) => {
    const { stdout } = await run(['qemu-img', 'info', '--output=json', pathOf(image)]);
    expect(JSON.parse(stdout.toString())).toHaveProperty('backing-filename');
  });
});

describe('hostile images are never opened by QEMU', () => {
  it('when launch gets them as disk or boot source', async () => {
    handedToQemu();
    for (const image of images) {
      await expectRefusal(image, launch({ disks: [text(image)], net: 'none' }), image.reason);
      await expectRefusal(image, launch({ image: text(image), net: 'none' }), image.reason);
    }
    const handed = handedToQemu();
    // The host was probed, which would have been recorded.
    expect(handed.some((command) => basename(command.split(' ')[0] ?? '') === 'qemu-system-x86_64')).toBe(
      true,
    );
    expect(handed.filter((command) => command.includes(at('images')))).toEqual([]);
  });

  it('when a named machine gets them, at creation or later', async () => {
    const store = new MachineStore();
    writeFileSync(at('good'), Buffer.alloc(1024 * 1024));
    const good = `${at('good')},format=raw`;
    const machine = await store.create({ name: 'made', disks: [good], net: 'none' });
    handedToQemu();
    // Every launch asks the same questions, so the harmful images are enough.
    for (const image of images.filter(({ danger }) => danger)) {
      const disk = text(image);
      const { reason } = image;
      const create = async (options: Partial<CreateOptions>): Promise<unknown> =>
        store.create({ name: 'unmade', net: 'none', ...options });
      await expectRefusal(image, create({ image: disk }), reason, 'image');
      await expectRefusal(image, create({ disks: [good, `${disk},adopt`] }), reason, 'disks[1]');
      await expectRefusal(image, machine.addDisk(disk), reason, 'disk');
      const path = pathOf(image);
      await expectRefusal(image, create({ iso: path }), NO_CD, 'iso');
      await expectRefusal(image, machine.changeCd(path), NO_CD, 'iso');
      await expectRefusal(image, machine.addCdDrive(path), NO_CD, 'iso');
    }
    expect(handedToQemu().filter((command) => command.includes(at('images')))).toEqual([]);
    expect(store.names()).toEqual(['made']);
    expect(store.get('made').spec).toMatchObject({
      disks: [{ name: 'disk0' }],
      cdroms: [{ name: 'cdrom0' }],
    });
    await store.remove('made', { storage: true });
  });

  it('when an image store gets them, and the store keeps nothing of them', async () => {
    const store = at('store');
    const buildDirectory = at('build');
    for (const place of [store, buildDirectory]) mkdirSync(place);
    handedToQemu();
    for (const image of images.filter(({ otherwise }) => otherwise !== null)) {
      const path = join(buildDirectory, image.name);
      writeFileSync(path, image.content);
      const file = { path, bytes: image.content.length, sha256: await fileSha256(path, undefined) };
      const adding = addImage(file, {
        names: ['hostile'],
        store,
        buildDirectory,
        format: undefined,
        guest: { user: undefined, firmware: 'bios', cpu: 'x86-64', provisioner: 'none', agent: false },
        origin: { kind: 'pulled', url: 'http://localhost/disk', verification: 'none' },
      });
      await expectRefusal(image, adding, image.otherwise ?? image.reason);
    }
    expect(handedToQemu()).toEqual([]);
    expect(readdirSync(store)).toEqual([]);
  });
});
