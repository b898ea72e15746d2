import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBzImage } from '../../../../fixtures/images/make-elf.ts';
import {
  RELEASE,
  addHostProgram,
  busybox,
  bzImage,
  makeAptRepository,
  makeDnfRepository,
  makeSplitRepository,
  makeUbuntuRepository,
  modules,
  vmlinux,
  writeTree,
} from '../../../../fixtures/images/make-repository.ts';
import {
  ImageBuildError,
  ImageNotFoundError,
  InvalidInputError,
  NoSpaceError,
  PermissionError,
} from '../../../../src/errors/index.ts';
import {
  type BuildProgress,
  buildMicro,
  ensureMicro,
  findMicro,
} from '../../../../src/images/micro/micro.ts';
import type { KernelImage } from '../../../../src/images/record/image.ts';
import { removeImage as removeImageOf } from '../../../../src/images/store/remove-image.ts';
import { listImages } from '../../../../src/images/store/store.ts';
import { templateTexts, usersIn } from '../../../../src/machine/paths/template-records.ts';
import type { Plan } from '../../../../src/machine/plan/plan.ts';
import { describeFiles } from '../../../../src/template/template-basis.ts';
import { reach } from '../build/builder-phase.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

const APT = resolve('fixtures/images/apt');
const DNF = resolve('fixtures/images/dnf');
/** A store without an image in use. */
const removeImage = async (from: string, name: string) => removeImageOf(from, name, () => () => []);
const environment = { ...process.env };
let directory: string;
let store: string;
let repository: string;
let agentPath: string;

beforeEach(() => {
  const made = makeTemporaryDirectory();
  directory = made.path;
  store = join(directory, 'share/vmlet/images');
  repository = join(directory, 'repository');
  agentPath = join(directory, 'agent');
  mkdirSync(repository);
  writeFileSync(agentPath, 'the agent');
  process.env['FAKE_REPOSITORY'] = repository;
  process.env['PATH'] = `${APT}${delimiter}${environment['PATH'] ?? ''}`;
  return made.remove;
});
afterEach(() => {
  for (const name of ['PATH', 'FAKE_REPOSITORY', 'FAKE_FAILURE', 'FAKE_HANG']) {
    if (environment[name] === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = environment[name];
  }
});

/** A directory with only these programs of the host. */
function linkPrograms(names: readonly string[]): string {
  const programs = join(directory, 'programs');
  mkdirSync(programs);
  for (const name of names) {
    symlinkSync(
      execFileSync('sh', ['-c', 'command -v -p "$0" || echo /bin/true', `/usr/bin/${name}`])
        .toString()
        .trim(),
      join(programs, name),
    );
  }
  return programs;
}

const entries = (): string[] => readdirSync(store).sort();
const downloads = (): string[] => readFileSync(join(repository, 'log'), 'utf8').trim().split('\n');

describe('a build from the packages of Debian', () => {
  it('produces a kernel, an initramfs and a name', async () => {
    makeAptRepository(repository);
    const seen: BuildProgress[] = [];
    const image = await buildMicro({ store, agentPath, onProgress: (progress) => seen.push(progress) });
    expect(image).toMatchObject({
      kind: 'kernel',
      name: 'micro',
      kernelRelease: RELEASE,
      sources: [
        { name: `linux-image-${RELEASE}`, version: '6.1.2-1' },
        { name: 'busybox-static', version: '1.37' },
      ],
    });
    expect(image.append).toContain('quiet');
    expect(entries()).toEqual(['.lock', 'micro', `sha256-${image.digest}`]);
    expect(readFileSync(image.kernelPath).equals(vmlinux)).toBe(true);
    const phases = [...new Set(seen.map(({ phase }) => phase))];
    expect(phases).toEqual(['looking for packages', 'fetching', 'assembling', 'done']);
    expect(seen).toContainEqual({ phase: 'fetching', fraction: 0.5 });

    const initrd = readFileSync(image.initrdPath);
    expect(initrd.includes('the agent')).toBe(true);
    expect(initrd.includes(busybox)).toBe(true);
    expect(initrd.includes('virtio_net.ko: net_failover.ko failover.ko\n')).toBe(true);
    expect(initrd.includes('pvpanic-mmio.ko: pvpanic.ko\n')).toBe(true);
    expect(initrd.includes('alias fs-overlay overlay\n')).toBe(true);
    expect(initrd.includes('unwanted.ko')).toBe(false);
  });

  it('takes the modules of Ubuntu from the package that contains them', async () => {
    makeUbuntuRepository(repository);
    const image = await buildMicro({ store, agentPath });
    expect(image.sources.map(({ name }) => name)).toEqual([
      `linux-image-${RELEASE}`,
      `linux-modules-${RELEASE}`,
      'busybox-static',
    ]);
    expect(readFileSync(image.initrdPath).includes('overlay.ko:\n')).toBe(true);
  });

  it('takes kernel and modules from the packages that the kernel package depends on', async () => {
    makeSplitRepository(repository);
    const image = await buildMicro({ store, agentPath });
    expect(image.sources.map(({ name }) => name)).toEqual([
      `linux-binary-${RELEASE}`,
      `linux-image-${RELEASE}`,
      `linux-modules-${RELEASE}`,
      'busybox-static',
    ]);
    expect(readFileSync(image.kernelPath).equals(vmlinux)).toBe(true);
    expect(readFileSync(image.initrdPath).includes('overlay.ko:\n')).toBe(true);
  });

  describe.each([
    ['lz4', ['-l', '-c']],
    ['zstd', ['-c']],
  ])('on a host without %s', (name, compress) => {
    beforeEach(() => {
      // As in the kernel’s build, which appends the size (scripts/Makefile.lib, size_append).
      const size = Buffer.alloc(4);
      size.writeUInt32LE(vmlinux.length);
      const payload = Buffer.concat([execFileSync(name, compress, { input: vmlinux }), size]);
      makeAptRepository(repository, '6.1.2-1', makeBzImage(payload, RELEASE));
      addHostProgram(repository, name);
      const programs = ['sh', 'cat', 'cp', 'tar', 'flock', 'dpkg-deb', 'rm'];
      process.env['PATH'] = `${APT}${delimiter}${linkPrograms(programs)}`;
    });

    it('fetches it for a kernel compressed with it', async () => {
      const image = await buildMicro({ store, agentPath });
      expect(readFileSync(image.kernelPath).equals(vmlinux)).toBe(true);
      expect(downloads().at(-1)).toMatch(new RegExp(`download ${name}=1$`));
      // It is not part of the image.
      expect(image.sources.map((source) => source.name)).not.toContain(name);
    });

    it('reports that it is missing if it cannot be fetched', async () => {
      rmSync(join(repository, `${name}.record`));
      await expect(buildMicro({ store, agentPath })).rejects.toThrow(`apt has no package ${name}`);
      expect(entries()).toEqual(['.lock']);
    });
  });

  it('gives the same result for the same inputs, in any store', async () => {
    makeAptRepository(repository);
    const one = await buildMicro({ store, agentPath });
    const other = await buildMicro({ store: join(directory, 'other'), agentPath });
    expect(other.digest).toBe(one.digest);
    expect(readFileSync(other.initrdPath).equals(readFileSync(one.initrdPath))).toBe(true);
  });

  it('is reused for the same packages', async () => {
    makeAptRepository(repository);
    const image = await ensureMicro({ store, agentPath });
    expect(await findMicro(store, agentPath)).toEqual(image);
    expect(await ensureMicro({ store, agentPath })).toEqual(image);
    expect(await buildMicro({ store, agentPath })).toEqual(image);
    expect(downloads()).toHaveLength(1);
  });

  it('is repeated on request for the same packages', async () => {
    makeAptRepository(repository);
    const image = await buildMicro({ store, agentPath });
    expect(await buildMicro({ store, agentPath, cache: false })).toEqual(image);
    expect(downloads()).toHaveLength(2);
  });

  it('is repeated for a new agent, a new kernel or a damaged image', async () => {
    makeAptRepository(repository);
    const first = await buildMicro({ store, agentPath });
    appendFileSync(agentPath, '!');
    expect(await findMicro(store, agentPath)).toBeUndefined();
    const second = await ensureMicro({ store, agentPath });
    expect(second.digest).not.toBe(first.digest);
    const listed = (await listImages(store)).images;
    expect(listed.map(({ digest, names }) => [digest, names])).toEqual([
      [second.digest, ['micro']],
      [first.digest, []],
    ]);

    rmSync(repository, { recursive: true });
    mkdirSync(repository);
    makeAptRepository(repository, '6.1.3-1');
    // An existing kernel is sufficient for a launch; only a build looks for a newer one.
    expect((await ensureMicro({ store, agentPath })).digest).toBe(second.digest);
    const third = await buildMicro({ store, agentPath });
    expect(third.sources[0]?.version).toBe('6.1.3-1');

    writeFileSync(third.initrdPath, 'short');
    expect(await findMicro(store, agentPath)).toBeUndefined();
    const repaired = await buildMicro({ store, agentPath });
    expect(readFileSync(repaired.initrdPath).length).toBeGreaterThan(1000);
    expect(await findMicro(store, agentPath)).toEqual(repaired);
  });

  it('keeps three earlier builds', async () => {
    makeAptRepository(repository);
    for (const text of ['1', '2', '3', '4', '5', '6']) {
      writeFileSync(agentPath, text);
      await buildMicro({ store, agentPath, readUsers: () => () => [] });
    }
    expect((await listImages(store)).images.map(({ names }) => names)).toEqual([['micro'], [], [], []]);
  });

  it('keeps earlier builds of templates', async () => {
    makeAptRepository(repository);
    const templates = join(directory, 'templates');
    const readUsers = () => usersIn(templateTexts({ templates }));
    writeFileSync(agentPath, 'of the template');
    const { digest, kernelPath } = await buildMicro({ store, agentPath, readUsers });
    mkdirSync(join(templates, '.made'), { recursive: true });
    writeFileSync(join(templates, '.made/template.json'), JSON.stringify({ kernelPath }));
    symlinkSync('.made', join(templates, 'web'));
    writeFileSync(join(templates, '.web.lock'), '');
    expect(readUsers()({ digest })).toEqual(['template "web"']);
    const digestsAfter = async (...agents: readonly string[]) => {
      for (const text of agents) {
        writeFileSync(agentPath, text);
        await buildMicro({ store, agentPath, readUsers });
      }
      return (await listImages(store)).images.map((image) => image.digest);
    };
    expect(await digestsAfter('1', '2', '3', '4')).toContain(digest);
    rmSync(templates, { recursive: true });
    expect(await digestsAfter('5')).not.toContain(digest);
  });

  it("is not taken for the user's own kernel once another installation has the name", async () => {
    makeAptRepository(repository);
    const other = join(directory, 'agent-other');
    writeFileSync(other, 'another agent');
    const plain = await buildMicro({ store, agentPath });
    const kernel = join(directory, 'vmlinux');
    writeFileSync(kernel, Buffer.concat([vmlinux, Buffer.from('Linux version 6.9 (x) #1')]));
    const own = await buildMicro({ store, agentPath, kernel });
    expect(await findMicro(store, agentPath)).toEqual(own);
    expect(await buildMicro({ store, agentPath })).toEqual(plain);
    await buildMicro({ store, agentPath: other });
    expect(await findMicro(store, agentPath)).toEqual(plain);
  });

  it('is left to other installations of vmlet, which use the same store in turn', async () => {
    makeAptRepository(repository);
    const agents = ['1', '2', '3', '4'].map((text) => {
      const path = join(directory, `agent-${text}`);
      writeFileSync(path, text);
      return path;
    });
    const images: KernelImage[] = [];
    for (const agentPath of agents) images.push(await ensureMicro({ store, agentPath }));
    expect(new Set(images.map(({ digest }) => digest)).size).toBe(4);
    // Each finds its own, without a build that looks for packages.
    for (const [index, agentPath] of agents.entries()) {
      expect(await findMicro(store, agentPath)).toEqual(images[index]);
    }
    // A build takes the name, also for an image that is there.
    const digest = (await buildMicro({ store, agentPath: agents[0]! })).digest;
    expect((await listImages(store)).images.find(({ names }) => names[0] === 'micro')?.digest).toBe(digest);
  });

  it('leaves templates valid when it is created again', async () => {
    makeAptRepository(repository);
    const describeImage = ({ kernelPath, initrdPath }: KernelImage) =>
      describeFiles({ boot: { kind: 'kernel', kernelPath, initrdPath }, disks: [] } as unknown as Plan);
    const before = describeImage(await buildMicro({ store, agentPath }));
    await removeImage(store, 'micro');
    const image = await buildMicro({ store, agentPath });
    expect(describeImage(image)).toEqual(before);
    // A file that was changed in its place does not.
    writeFileSync(image.kernelPath, vmlinux);
    expect(describeImage(image)).not.toEqual(before);
  });
});

describe('a build from the packages of Fedora', () => {
  /** A host with dnf and without apt. */
  beforeEach(() => {
    const programs = linkPrograms(['sh', 'cat', 'cp', 'tar', 'flock', 'echo', 'test', 'zstd']);
    process.env['PATH'] = `${DNF}${delimiter}${programs}`;
  });

  it('produces the same image', async () => {
    makeDnfRepository(repository);
    const image = await buildMicro({ store, agentPath });
    expect(image.kernelRelease).toBe(RELEASE);
    expect(image.sources).toEqual([
      { name: 'kernel-core', version: '6.1.2-1.fc43.x86_64' },
      { name: 'kernel-modules-core', version: '6.1.2-1.fc43.x86_64' },
      { name: 'busybox', version: '1.37-1.fc43.x86_64' },
    ]);
    expect(readFileSync(image.kernelPath).equals(vmlinux)).toBe(true);
    expect(readFileSync(image.initrdPath).includes('virtio_net.ko: net_failover.ko failover.ko\n')).toBe(
      true,
    );
  });

  it.each([
    ['an invalid signature', '.forged', 'SIGNATURES NOT OK'],
    ['no signature', '.unsigned', /the package kernel-core-.*\.rpm is not signed$/],
  ])('rejects a package with %s', async (_, mark, message) => {
    makeDnfRepository(repository, { mark });
    await expect(buildMicro({ store, agentPath })).rejects.toThrow(message);
    expect(entries()).toEqual(['.lock']);
  });

  it('reports missing packages', async () => {
    // Both are requested at once, and either answer may come first.
    const missing = /dnf has no package (kernel-core|busybox)/;
    await expect(buildMicro({ store, agentPath })).rejects.toThrow(missing);
  });
});

describe("a build from the user's own files", () => {
  const own = (): { kernel: string; busybox: string; modules: string } => {
    const files = join(directory, 'own');
    writeTree(files, { vmlinuz: bzImage, busybox });
    writeTree(join(files, 'modules'), modules);
    return {
      kernel: join(files, 'vmlinuz'),
      busybox: join(files, 'busybox'),
      modules: join(files, 'modules'),
    };
  };

  it('needs no packages', async () => {
    process.env['FAKE_FAILURE'] = 'E: no network';
    const image = await buildMicro({ store, agentPath, ...own() });
    expect(image.kernelRelease).toBe(RELEASE);
    expect(readFileSync(image.kernelPath).equals(vmlinux)).toBe(true);
    expect(image.sources.map(({ name }) => name)).toEqual(['kernel', 'busybox']);
    expect((await buildMicro({ store, agentPath, ...own() })).digest).toBe(image.digest);
  });

  it('accepts an uncompressed kernel without modules, and gets the rest from packages', async () => {
    makeAptRepository(repository);
    const kernel = join(directory, 'vmlinux');
    writeFileSync(kernel, Buffer.concat([vmlinux, Buffer.from('Linux version 6.9 (x) #1')]));
    const image = await buildMicro({ store, agentPath, kernel });
    expect(image.kernelRelease).toBe('6.9');
    expect(downloads()[0]).toMatch(/download busybox-static=1\.37$/);
  });

  it('builds different images for different kernels', async () => {
    const files = own();
    const one = await buildMicro({ store, agentPath, ...files });
    const other = await buildMicro({ store, agentPath, kernel: files.kernel, busybox: files.busybox });
    expect(other.digest).not.toBe(one.digest);
  });

  it.each([
    ['kernel', 'no kernel', /is not an x86 Linux kernel/, ImageBuildError],
    ['busybox', '#!/bin/sh', /is not a statically linked x86_64 program/, ImageBuildError],
    ['kernel', undefined, /^kernel: no such file/, InvalidInputError],
    ['busybox', undefined, /^busybox: no such file/, InvalidInputError],
    ['modules', undefined, /^modules: no such directory/, InvalidInputError],
  ] as const)('rejects a bad %s (%s)', async (part, content, message, type) => {
    const path = join(directory, 'bad');
    if (content !== undefined) writeFileSync(path, content);
    const failure = await buildMicro({ store, agentPath, ...own(), [part]: path }).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(type);
    expect(String(failure)).toMatch(new RegExp(message.source.replace('^', '')));
    // A missing path is reported before the store is touched.
    expect(existsSync(store) ? entries() : undefined).toEqual(content === undefined ? undefined : ['.lock']);
  });

  it('rejects modules without a kernel', async () => {
    await expect(buildMicro({ store, agentPath, modules: directory })).rejects.toThrow(
      'modules: requires a kernel',
    );
  });
});

describe('a build that cannot succeed', () => {
  it('reports that the package lists are missing', async () => {
    const failure = await buildMicro({ store, agentPath }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageBuildError);
    expect(failure).toMatchObject({ hint: expect.stringContaining('sudo apt-get update') as string });
    expect(entries()).toEqual(['.lock']);
  });

  it('reports outdated package lists with apt’s message', async () => {
    makeAptRepository(repository);
    process.env['FAKE_FAILURE'] = 'E: Failed to fetch http://deb/x.deb  404  Not Found';
    const failure = await buildMicro({ store, agentPath }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ImageBuildError);
    expect(String(failure)).toContain('404  Not Found');
    expect(failure).toMatchObject({ hint: expect.stringContaining('sudo apt-get update') as string });
    expect(entries()).toEqual(['.lock']);
  });

  it('reports a missing agent before it starts', async () => {
    await expect(buildMicro({ store, agentPath: join(directory, 'none') })).rejects.toThrow(
      'cannot read the program of the guest agent',
    );
    expect(readdirSync(directory)).not.toContain('share');
  });

  it('reports a full disk, and leaves nothing', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can mount a small file system to fill');
    makeAptRepository(repository);
    mkdirSync(store, { recursive: true });
    for (const size of ['4k', '16k', '24k', '40k', '60k']) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', store]);
      try {
        const failure = await buildMicro({ store, agentPath }).catch((error: unknown) => error);
        expect(failure, size).toBeInstanceOf(NoSpaceError);
        expect(entries().filter((entry) => entry !== '.lock')).toEqual([]);
      } finally {
        execFileSync('umount', [store]);
      }
    }
  });

  it('reports a full disk when only the image itself does not fit', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can mount a small file system to fill');
    const [kernel, busyboxPath] = [join(directory, 'vmlinux'), join(directory, 'busybox')];
    writeFileSync(
      kernel,
      Buffer.concat([vmlinux, Buffer.from('Linux version 6.9 (x)'), Buffer.alloc(200_000)]),
    );
    writeFileSync(busyboxPath, busybox);
    mkdirSync(store, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=100k', 'tmpfs', store]);
    try {
      const build = buildMicro({ store, agentPath, kernel, busybox: busyboxPath });
      await expect(build).rejects.toThrow(NoSpaceError);
      expect(entries()).toEqual(['.lock']);
    } finally {
      execFileSync('umount', [store]);
    }
  });

  it('reports that the store cannot be written', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('root can write everywhere');
    mkdirSync(store, { recursive: true });
    chmodSync(store, 0o500);
    try {
      await expect(buildMicro({ store, agentPath })).rejects.toThrow(PermissionError);
    } finally {
      chmodSync(store, 0o700);
    }
  });

  it('stops on abort with its reason, and leaves nothing', async () => {
    makeAptRepository(repository);
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    process.env['FAKE_HANG'] = pipe;
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = buildMicro({
      store,
      agentPath,
      signal: controller.signal,
      onProgress: ({ fraction }) => fraction === 0.5 && controller.abort(reason),
    });
    await expect(work).rejects.toBe(reason);
    expect(entries()).toEqual(['.lock']);
  });
});

describe('two concurrent builders', () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) child.kill('SIGKILL');
  });

  function startBuilder(): ChildProcess {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', resolve('fixtures/images/build-and-hang.ts'), store, agentPath],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    started.push(child);
    return child;
  }

  it('both succeed with the same image, and only one builds', async () => {
    makeAptRepository(repository);
    const images = await Promise.all([1, 2, 3].map(async () => buildMicro({ store, agentPath })));
    expect(new Set(images.map(({ digest }) => digest)).size).toBe(1);
    expect(downloads()).toHaveLength(1);
    expect(entries()).toEqual(['.lock', 'micro', `sha256-${images[0]?.digest ?? ''}`]);
  });

  it('leave no lock when one is killed, and the next build removes its leftovers', async () => {
    makeAptRepository(repository);
    const pipe = join(directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    process.env['FAKE_HANG'] = pipe;
    const builder = startBuilder();
    await reach(builder, 'fetching');
    // A second one waits for the first; abort ends the wait.
    const waiting = new AbortController();
    const reason = new Error('no patience');
    const waiter = buildMicro({
      store,
      agentPath,
      signal: waiting.signal,
      onProgress: ({ phase }) =>
        phase === 'waiting for another build' && setImmediate(() => waiting.abort(reason)),
    });
    await expect(waiter).rejects.toBe(reason);
    expect(entries().some((entry) => entry.startsWith('.building-'))).toBe(true);

    const gone = once(builder, 'exit');
    builder.kill('SIGKILL');
    await gone;
    delete process.env['FAKE_HANG'];
    const image = await buildMicro({ store, agentPath });
    expect(entries()).toEqual(['.lock', 'micro', `sha256-${image.digest}`]);
  });
});

describe('the store', () => {
  it('is empty if it does not exist', async () => {
    expect(await listImages(store)).toEqual({ images: [], broken: [] });
    expect(await findMicro(store, agentPath)).toBeUndefined();
    await expect(removeImage(store, 'micro')).rejects.toThrow(ImageNotFoundError);
  });

  it('removes an image with its earlier builds', async () => {
    makeAptRepository(repository);
    await buildMicro({ store, agentPath });
    appendFileSync(agentPath, '!');
    await buildMicro({ store, agentPath });
    await removeImage(store, 'micro');
    expect(entries()).toEqual(['.lock']);
    await expect(removeImage(store, 'micro')).rejects.toThrow(ImageNotFoundError);
  });

  it.each(['', '..', '.lock', 'a/b', 'Micro', 'x'.repeat(65)])('rejects the name %j', async (name) => {
    mkdirSync(store, { recursive: true });
    writeFileSync(join(store, '.lock'), '');
    await expect(removeImage(store, name)).rejects.toThrow(InvalidInputError);
  });

  it('reports unreadable images, and lists the others', async () => {
    makeAptRepository(repository);
    const image = await buildMicro({ store, agentPath });
    const broken = join(store, `sha256-${'0'.repeat(64)}`);
    mkdirSync(broken);
    writeFileSync(join(broken, 'manifest.json'), '{"version": 2}');
    const list = await listImages(store);
    expect(list.images.map(({ digest }) => digest)).toEqual([image.digest]);
    expect(list.broken.map(({ path }) => path)).toEqual([broken]);
  });

  it('rebuilds an image with an unreadable manifest', async () => {
    makeAptRepository(repository);
    const image = await buildMicro({ store, agentPath });
    for (const text of ['', 'no json', '{"version":2}', '[]']) {
      writeFileSync(join(store, `sha256-${image.digest}`, 'manifest.json'), text);
      expect(await findMicro(store, agentPath)).toBeUndefined();
      expect((await ensureMicro({ store, agentPath })).digest).toBe(image.digest);
    }
  });
});
