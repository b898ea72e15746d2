import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ImageBuildError,
  type ImageProgress,
  ImageStore,
  createDisk,
  inspectDisk,
} from '../../../../src/index.ts';
import { withVerification } from '../../../../src/cli/images/image-ls.ts';
import type { ImageSource } from '../../../../src/images/record/manifest.ts';
import { addImage } from '../../../../src/images/store/add-image.ts';
import { makeBuildDirectory } from '../../../../src/images/store/build-directory.ts';
import { buildInputsDigest } from '../../../../src/images/build/distribution-disk.ts';
import type { DiskImage, ImageOrigin } from '../../../../src/index.ts';
import { convertDisk, createOverlay } from '../../../../src/images/qemu-img/qemu-img.ts';
import { sha256 } from '../../../../src/images/digest/sha256.ts';
import { installScript } from '../../../../src/machine/build/build-layer-packages.ts';
import { layerSteps, stepInputs } from '../../../../src/machine/build/build-layer-steps.ts';
import { agentProgram } from '../../../../src/machine/paths/package-files.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { makeDirectories } from '../../../../src/util/files/make-directories.ts';
import { awaitedLater, until } from '../../../until.ts';

const directory = temporaryDirectory();
const MEBIBYTE = 1024 * 1024;

interface Place {
  readonly store: ImageStore;
  readonly images: string;
  readonly environment: NodeJS.ProcessEnv;
}

function newPlace(): Place {
  const home = directoryIn(directory, 'home-');
  const folder = (name: string): string => {
    const path = join(home, name);
    mkdirSync(path, { mode: 0o700 });
    return path;
  };
  const environment = {
    XDG_DATA_HOME: folder('data'),
    XDG_CACHE_HOME: folder('cache'),
    XDG_CONFIG_HOME: folder('config'),
    XDG_STATE_HOME: folder('state'),
    XDG_RUNTIME_DIR: folder('run'),
  };
  return { store: new ImageStore(environment), images: join(home, 'data/vmlet/images'), environment };
}

/** An empty disk. */
async function addEmpty(
  { images }: Place,
  name: string,
  origin: ImageOrigin,
  letter = 'a',
  sources?: readonly ImageSource[],
): Promise<DiskImage> {
  await using scope = new Scope();
  makeDirectories(images);
  const buildDirectory = await makeBuildDirectory(images, scope);
  const path = join(buildDirectory, 'disk.raw');
  const content = Buffer.alloc(MEBIBYTE, letter);
  writeFileSync(path, content);
  return await addImage(
    { path, bytes: content.length, sha256: sha256(content) },
    {
      store: images,
      buildDirectory,
      names: [name],
      format: 'raw',
      guest: { user: undefined, firmware: 'bios', cpu: 'x86-64', provisioner: 'none', agent: true },
      origin,
      sources,
    },
  );
}

const imported: ImageOrigin = { kind: 'imported', file: '/disk.raw', verification: 'none' };

function leftovers({ images }: Place): string[] {
  return existsSync(images) ? readdirSync(images).filter((name) => name.startsWith('.building')) : [];
}

const recipe = { distribution: 'debian:13', include: ['nginx'], run: [{ name: 'x', content: 'true' }] };

/** Begun here, since it waits for most of its time, between attempts; and awaited at the end. */
let unreachable: Awaited<ReturnType<typeof beginUnreachable>>;
beforeAll(async () => {
  unreachable = await beginUnreachable();
});

async function beginUnreachable(): Promise<{ place: Place; failure: Promise<unknown> }> {
  const place = newPlace();
  await addEmpty(place, 'old', { kind: 'built', recipe: 'debian:13', inputs: 'b'.repeat(64) });
  const build = place.store.build({ ...recipe, name: 'web', mirror: 'http://127.0.0.1:1/debian' });
  return { place, failure: awaitedLater(build) };
}

describe('an image of packages', () => {
  it('is reused from an identical earlier build', async () => {
    const place = newPlace();
    const inputs = await buildInputsDigest({
      ...{ distribution: 'debian', release: '13', include: recipe.include, run: recipe.run },
      agent: agentProgram(),
    });
    const image = await addEmpty(place, 'old', { kind: 'built', recipe: 'debian:13', inputs });
    const phases: string[] = [];
    const built = await place.store.build({
      ...recipe,
      name: 'web',
      onProgress: ({ phase }) => phases.push(phase),
    });
    expect(built).toMatchObject({ cached: true, image: { digest: image.digest } });
    expect(phases).toEqual(['unchanged', 'done']);
    expect((await place.store.list()).images.map(({ names }) => names)).toEqual([['old', 'web']]);
  });
});

it('an image has the packages that it was built from, and lists leave them out', async () => {
  const place = newPlace();
  const sources = [{ name: 'bash', version: '5.2-1' }];
  const added = await addEmpty(place, 'web', imported, 'a', sources);
  expect(added.sources).toEqual(sources);
  expect((await place.store.inspect('web')).sources).toEqual(sources);
  const { images } = await place.store.list();
  expect(images.map(withVerification)).toEqual([expect.not.objectContaining({ sources })]);
});

describe('a layer', () => {
  const run = [
    { name: 'one.sh', content: 'echo one\n' },
    { name: 'two.sh', content: 'echo two\n' },
  ];

  it('is reused from an identical earlier run on the same image', async () => {
    const place = newPlace();
    const base = await addEmpty(place, 'base', imported);
    const [one, two] = await layerSteps({ include: [], run, environment: {}, sizeBytes: undefined });
    if (!one || !two) throw new Error('expected two steps');
    const layer = (from: DiskImage, step: typeof one): ImageOrigin => ({
      kind: 'layer',
      from: 'base',
      inputs: stepInputs(from.digest, step),
    });
    const first = await addEmpty(place, 'first', layer(base, one), 'b');
    const second = await addEmpty(place, 'second', layer(first, two), 'c');
    const news: ImageProgress[] = [];
    const built = await place.store.buildLayer({
      ...{ from: 'base', name: 'web', run },
      onProgress: (progress) => news.push(progress),
    });
    expect(built).toMatchObject({ cached: true, image: { digest: second.digest } });
    expect(news.map(({ phase, script }) => [phase, script])).toEqual([
      ['unchanged', 'one.sh'],
      ['unchanged', 'two.sh'],
      ['done', undefined],
    ]);
    const names = (await place.store.list()).images.map((image) => image.names.join(' '));
    expect(names.sort()).toEqual(['base', 'first', 'second web']);
  });

  it('leaves nothing when it is aborted while its machine boots', async () => {
    const place = newPlace();
    const base = await addEmpty(place, 'base', imported);
    const controller = new AbortController();
    const building = place.store.buildLayer({
      ...{ from: base.digest.slice(0, 12), name: 'web', run, signal: controller.signal },
    });
    const machine = await Promise.race([building, qemuOn(place)]);
    if (typeof machine !== 'number') throw new Error('a disk without a system has booted');
    controller.abort(new Error('enough'));
    await expect(building).rejects.toThrow('enough');
    expect(existsSync(`/proc/${machine}/fd`) && commandLine(machine) !== '').toBe(false);
    expect(leftovers(place)).toEqual([]);
    expect((await place.store.list()).images).toHaveLength(1);
  });

  it.each([
    ['micro', /^from: micro is an image without a disk$/],
    ['./disk.qcow2', /^from: \.\/disk\.qcow2 is a path; expected the name of an image$/],
    ['plain', /^from: plain has neither the vmlet agent nor cloud-init/],
  ])('cannot be built from %s', async (from, message) => {
    const place = newPlace();
    await using scope = new Scope();
    makeDirectories(place.images);
    const buildDirectory = await makeBuildDirectory(place.images, scope);
    const path = join(buildDirectory, 'disk.qcow2');
    await createDisk({ path, format: 'qcow2', sizeBytes: MEBIBYTE });
    const content = readFileSync(path);
    await addImage(
      { path, bytes: content.length, sha256: sha256(content) },
      {
        ...{ store: place.images, buildDirectory, names: ['plain'], format: 'qcow2', origin: imported },
        guest: { user: undefined, firmware: 'bios', cpu: 'x86-64', provisioner: 'none', agent: false },
      },
    );
    await expect(place.store.buildLayer({ from, name: 'web', run })).rejects.toThrow(message);
  });
});

describe('a disk that is compacted onto its base', () => {
  it('contains only the differences, and refers to its base by a relative path', async () => {
    const base = join(directory, 'base.raw');
    writeFileSync(base, Buffer.alloc(4 * MEBIBYTE, 'a'));
    const overlay = join(directory, 'overlay.qcow2');
    await createOverlay({ path: overlay, backingPath: base, backingFormat: 'raw', sizeBytes: 8 * MEBIBYTE });
    const written = spawnSync('qemu-io', [
      ...['-f', 'qcow2', '-c', 'write -P 98 1M 64k', '-c', 'write -P 99 2M 1M', '-c', 'discard 2M 1M'],
      overlay,
    ]);
    expect(written.status).toBe(0);
    const layer = join(directory, 'layer.qcow2');
    await convertDisk({
      from: { path: overlay, format: 'qcow2' },
      to: { path: layer, format: 'qcow2' },
      backing: { path: base, format: 'raw' },
    });
    const info = await inspectDisk({ path: layer, format: 'qcow2' });
    expect(info).toMatchObject({ virtualBytes: 8 * MEBIBYTE, backingPath: `${directory}/./base.raw` });
    expect(readFileSync(layer).length).toBeLessThan(MEBIBYTE);
    expect(readFileSync(layer).subarray(0, 4096).includes(directory)).toBe(false);
    const same = spawnSync('qemu-img', ['compare', '-f', 'qcow2', '-F', 'qcow2', overlay, layer]);
    expect(same.stdout.toString()).toMatch(/identical/);
  });
});

describe.skipIf(findProgram('mmdebstrap') === undefined)('a build from an unreachable mirror', () => {
  it('leaves nothing, even if other builds exist', async () => {
    const { place, failure } = unreachable;
    await expect(failure).rejects.toThrow(ImageBuildError);
    await expect(failure).rejects.toThrow(/cannot be reached/);
    expect((await place.store.list()).images.map(({ names }) => names)).toEqual([['old']]);
    expect(leftovers(place)).toEqual([]);
  });
});

describe('the script that installs packages', () => {
  it.each([
    ['apt-get', 'update\ninstall --yes --no-install-recommends nginx g++\n-rf /var/lib/apt/lists\n'],
    ['dnf', 'install --assumeyes --setopt=install_weak_deps=False nginx g++\nclean all\n'],
    ['zypper', '--non-interactive install --no-recommends nginx g++\nclean --all\n'],
    ['apk', 'add --no-cache nginx g++\n'],
    ['pacman', '-Syu --noconfirm --needed nginx g++\n'],
  ])('uses %s if the system has it', (manager, expected) => {
    const { status, stdout } = install([manager]);
    expect(stdout).toBe(expected);
    expect(status).toBe(0);
  });

  it('exits with the status of the package manager', () => {
    const { status } = install(['apt-get'], 'exit 100');
    expect(status).toBe(100);
  });

  it('reports that the system has no package manager', () => {
    const { status, stderr } = install([]);
    expect(stderr).toMatch(/no supported package manager/);
    expect(status).toBe(1);
  });
});

/** Runs the script with only these programs available. */
function install(managers: readonly string[], behaviour = 'echo "$@"') {
  const programs = directoryIn(directory, 'programs-');
  // Also instead of rm, which would remove the host’s files.
  for (const manager of [...managers, 'rm']) {
    writeFileSync(join(programs, manager), `#!/bin/sh\n${behaviour}\n`);
    chmodSync(join(programs, manager), 0o755);
  }
  return spawnSync('/bin/sh', ['-c', installScript(['nginx', 'g++'])], {
    env: { PATH: programs },
    encoding: 'utf8',
  });
}

/** Process id of a QEMU whose disk is below this place. */
async function qemuOn({ images }: Place): Promise<number> {
  return until(() =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((one) => {
        const words = commandLine(one);
        return words.includes('qemu-system') && words.includes(`${images}/.building`);
      }),
  );
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It has ended.
    return '';
  }
}
