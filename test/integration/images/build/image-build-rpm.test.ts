import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { serveDirectory } from '../../../../fixtures/http/server.ts';
import { ImageBuildError, MissingProgramError, NoSpaceError } from '../../../../src/errors/index.ts';
import { sweepBuildDirectories } from '../../../../src/images/store/build-directory.ts';
import { diskLayout } from '../../../../src/images/build/disk/disk-layout.ts';
import type { DistributionBuildOptions } from '../../../../src/images/build/distribution-disk.ts';
import { fedora } from '../../../../src/images/build/packages/dnf-installer.ts';
import { requirePrograms } from '../../../../src/images/build/recipe/required-programs.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { directoryIn, makeTemporaryDirectory } from '../../../directory.ts';
import { reach } from './builder-phase.ts';
import { canMount, smallFileSystem } from '../../machine/small-file-system.ts';
import { AGENT, NOTHING, type PackageBuild, beginBuild, failureOf, processesOf } from './package-build.ts';
import { until } from '../../../until.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const MAKE = join(ROOT, 'fixtures/images/rpm-repository/make');
const BUILDER = join(ROOT, 'fixtures/images/build-packages.ts');
const MAY_READ = 'require("node:fs").accessSync(process.argv[1], 4)';
const BUILD_MS = 300_000;
const SIZE = 1024 ** 3;

const reason = whyNoRepository();
if (reason !== undefined) console.warn(`skipped: ${reason}`);

function whyNoRepository(): string | undefined {
  const lacking = ['rpmbuild', 'rpmsign', 'createrepo_c', 'gpg'].find((name) => !findProgram(name));
  if (lacking !== undefined) return `no RPM packages can be made without ${lacking}`;
  try {
    requirePrograms(fedora);
    return undefined;
  } catch (error) {
    if (!(error instanceof MissingProgramError)) throw error;
    return `${error.message}; ${error.hint ?? ''}`;
  }
}

/** A user with subordinate ids, who may read this checkout. */
function anotherUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const names = readFileSync('/etc/subuid', 'utf8').split('\n');
  return names
    .map((line) => {
      const id = (flag: string): number =>
        Number(spawnSync('id', [flag, line.split(':')[0] ?? ''], { encoding: 'utf8' }).stdout);
      return { uid: id('-u'), gid: id('-g') };
    })
    .find(
      (user) => user.uid > 0 && spawnSync(process.execPath, ['-e', MAY_READ, BUILDER], user).status === 0,
    );
}

describe('a host without dnf', () => {
  it('reports all missing programs in one error', async () => {
    const { path, remove } = makeTemporaryDirectory();
    vi.stubEnv('PATH', '/nowhere');
    try {
      const recipe = { distribution: 'fedora', release: '43', include: [], run: [], agent: AGENT };
      const { result, left } = beginBuild(recipe, path);
      const error = await failureOf(result);
      expect(error).toBeInstanceOf(MissingProgramError);
      const hint: unknown = expect.stringMatching(/apt-get install dnf rpm .*mtools.*dnf install dnf rpm/);
      expect(error).toMatchObject({ hint });
      expect(left()).toEqual(NOTHING);
    } finally {
      vi.unstubAllEnvs();
      remove();
    }
  });
});

describe.skipIf(reason !== undefined)('a build of RPM packages', () => {
  let directory = '';
  let mirror = '';
  let key = '';
  const scope = new Scope();
  const killed: ChildProcess[] = [];

  beforeAll(async () => {
    const made = makeTemporaryDirectory();
    scope.defer(made.remove);
    directory = made.path;
    chmodSync(directory, 0o711);
    const repository = join(directory, 'repository');
    execFileSync(MAKE, [repository, '43', 'host'], { stdio: ['ignore', 'pipe', 'pipe'] });
    key = join(repository, 'key.asc');
    mirror = (await serveDirectory(repository, scope)).url;
  }, BUILD_MS);
  afterEach(() => {
    for (const child of killed.splice(0)) child.kill('SIGKILL');
  });
  afterAll(async () => scope.close());

  function build(change: Partial<DistributionBuildOptions>, parent = directory): PackageBuild {
    const recipe = { distribution: 'fedora', release: '43', include: [], run: [], agent: AGENT };
    return beginBuild({ ...recipe, mirror, key, sizeBytes: SIZE, ...change }, parent);
  }

  /** The files in a disk’s root, each with its owner. */
  function unpack(disk: string, sizeBytes: number): { readonly root: string; readonly efi: string } {
    const raw = `${disk}.raw`;
    const root = `${disk}.root`;
    execFileSync('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', disk, raw]);
    const { root: partition, efi } = diskLayout(sizeBytes, randomUUID);
    mkdirSync(root);
    const image = `${raw}?offset=${partition.firstSector * 512}`;
    execFileSync('debugfs', ['-R', `rdump / ${root}`, image], { stdio: 'pipe', env: withSbin() });
    const listing = ['-b', '-s', '-i', `${raw}@@${efi.firstSector * 512}`, '::'];
    return { root, efi: execFileSync('mdir', listing, { encoding: 'utf8' }) };
  }

  it(
    'creates a bootable disk with the packages',
    async () => {
      const lines: string[] = [];
      const phases: string[] = [];
      const { result, disk, left } = build({
        include: ['made-up-web'],
        run: [
          { name: 'first', content: 'made-up-web >/root/by-first; cat /etc/hostname' },
          { name: 'second', content: 'cat /root/by-first; id -un; test -c /dev/null && test -e /proc/self' },
        ],
        onOutput: (line) => lines.push(line),
        onProgress: (phase) => phases.push(phase),
      });
      const { packages, kernelRelease, guest } = await result;
      expect(packages.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['bash', 'kernel-core', 'made-up-web', 'systemd']),
      );
      expect(packages.find(({ name }) => name === 'made-up-web')?.version).toBe('1-1');
      expect(packages.map(({ name }) => name)).not.toContain('gpg-pubkey');
      expect(kernelRelease).toBe('6.0-made-up');
      expect(guest).toMatchObject({ user: 'fedora', provisioner: 'cloud-init', agent: true });
      expect(phases).toEqual([
        ...['looking for packages', 'fetching', 'installing', 'running scripts', 'running scripts'],
        'making the disk',
      ]);
      expect(lines.filter((line) => line !== '')).toEqual(['fedora', 'made up', 'root']);
      expect(left()).toEqual({ files: ['disk.qcow2'], processes: [] });

      const { root, efi } = unpack(disk, SIZE);
      const read = (path: string): string => readFileSync(join(root, path), 'utf8');
      expect(read('root/by-first')).toBe('made up\n');
      expect(read('usr/local/sbin/vmlet-agent')).toBe(readFileSync(AGENT, 'utf8'));
      expect(statSync(join(root, 'usr/local/sbin/vmlet-agent')).mode & 0o777).toBe(0o755);
      expect(read('etc/fstab')).toMatch(/^UUID=\S+ \/ ext4 /);
      expect(read('boot/grub2/grub.cfg')).toContain("echo 'GRUB starts Fedora'");
      expect([readlinkSync(join(root, 'vmlinuz')), readlinkSync(join(root, 'initrd.img'))]).toEqual([
        'boot/vmlinuz-6.0-made-up',
        'boot/initramfs-6.0-made-up.img',
      ]);
      expect(readlinkSync(join(root, 'etc/systemd/system/default.target'))).toMatch(/multi-user\.target$/);
      expect(readdirSync(join(root, 'etc/systemd/system/multi-user.target.wants')).sort()).toEqual([
        ...['NetworkManager.service', 'cloud-init.service', 'sshd.service'],
      ]);
      // Nothing of the build, the host’s devices or the downloaded files.
      expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
      expect(['dev', 'proc', 'sys', 'var/cache'].flatMap((path) => readdirSync(join(root, path)))).toEqual(
        [],
      );
      expect(read('etc/machine-id')).toBe('');
      expect(efi).toContain('::/EFI/BOOT/BOOTX64.EFI');
      expect(efi).toContain('::/EFI/fedora/grub.cfg');
    },
    BUILD_MS,
  );

  it(
    'reports which script failed, how, and its output',
    async () => {
      const { result, left } = build({ run: [{ name: 'set-up.sh', content: 'echo it broke >&2; exit 9' }] });
      const error = await failureOf(result);
      expect(error).toBeInstanceOf(ImageBuildError);
      expect(error.message).toBe(
        'set-up.sh exited with status 9 in the new system; last output:\n  it broke',
      );
      expect(left()).toEqual(NOTHING);
    },
    BUILD_MS,
  );

  it.each<[string, () => Partial<DistributionBuildOptions>, RegExp]>([
    ['a missing package', () => ({ include: ['nowhere'] }), /^no such package: nowhere$/],
    [
      'conflicting packages',
      () => ({ include: ['one', 'other'] }),
      /^some packages conflict or lack a dependency: .*one-1-1.* conflicts with other/,
    ],
    ['an unsigned package', () => ({ include: ['unsigned'] }), /not signed by the expected key/],
    ['packages signed with another key', () => ({ key: undefined }), /not signed by the expected key/],
    ['an unreachable mirror', () => ({ mirror: 'http://127.0.0.1:1' }), /127\.0\.0\.1:1 cannot be reached$/],
    [
      'a mirror without the release',
      () => ({ release: '44' }),
      /^cannot fetch http.*44.*repomd\.xml from the mirror$/,
    ],
    [
      'a mirror that closes the connection',
      () => ({ mirror: `${mirror}/long-length` }),
      /^cannot fetch http.*repomd\.xml from the mirror$/,
    ],
  ])('names %s, and leaves nothing', { timeout: BUILD_MS }, async (_what, change, message) => {
    const { result, left } = build(change());
    const error = await failureOf(result);
    expect(error).toBeInstanceOf(ImageBuildError);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(error).toHaveProperty('hint', expect.stringMatching(/\S/));
    expect(left()).toEqual(NOTHING);
  });

  it.skipIf(!canMount)('reports a full disk', { timeout: BUILD_MS }, async () => {
    await using mounted = new Scope();
    const small = smallFileSystem(directory, '20m', mounted);
    const { result, left } = build({}, small);
    expect(await failureOf(result)).toBeInstanceOf(NoSpaceError);
    expect(left()).toEqual(NOTHING);
  });

  it('leaves nothing when it is aborted while packages are installed', { timeout: BUILD_MS }, async () => {
    const controller = new AbortController();
    const { result, left } = build({
      signal: controller.signal,
      onProgress: (phase) => phase === 'installing' && controller.abort(new Error('enough')),
    });
    await expect(result).rejects.toThrow('enough');
    expect(left()).toEqual(NOTHING);
  });

  function startBuilder(store: string, user?: { readonly uid: number; readonly gid: number }): ChildProcess {
    const argv = ['--import', 'tsx', BUILDER, store, AGENT, mirror, key];
    const child = spawn(process.execPath, argv, {
      ...user,
      cwd: ROOT,
      env: { PATH: process.env['PATH'], HOME: store, TMPDIR: store },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    killed.push(child);
    return child;
  }

  it(
    'is killed with its builder, and the next build removes its leftovers',
    { timeout: BUILD_MS },
    async () => {
      const store = directoryIn(directory, 'store-');
      const child = startBuilder(store);
      await reach(child, 'installing');
      expect(processesOf(store)).not.toEqual([]);
      child.kill('SIGKILL');
      await until(() => processesOf(store).length === 0);
      await sweepBuildDirectories(store);
      expect(readdirSync(store).filter((name) => name.startsWith('.building'))).toEqual([]);
    },
  );

  const user = anotherUser();
  if (user === undefined)
    console.warn('skipped: there is no ordinary user with subordinate ids who may read this checkout');
  it.skipIf(user === undefined)(
    'needs no root, and creates the same files owned by root',
    { timeout: BUILD_MS },
    async () => {
      const store = directoryIn(directory, 'store-');
      chownSync(store, user?.uid ?? 0, user?.gid ?? 0);
      const child = startBuilder(store, user);
      let said = '';
      for await (const chunk of child.stderr ?? []) said += String(chunk);
      expect(said).toMatch(/making the disk\n$/);
      const name = readdirSync(store).find((entry) => entry.startsWith('.building')) ?? '';
      expect(readdirSync(join(store, name))).toEqual(['disk.qcow2']);
      const { root } = unpack(join(store, name, 'disk.qcow2'), 10 * SIZE);
      for (const path of ['etc/passwd', 'usr/bin/bash', 'etc/fstab']) {
        expect(statSync(join(root, path))).toMatchObject({ uid: 0, gid: 0 });
      }
      expect(readdirSync(join(root, 'dev'))).toEqual([]);
    },
  );
});

function withSbin(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
}
