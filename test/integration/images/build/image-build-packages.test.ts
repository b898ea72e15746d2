import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { serveDirectory } from '../../../../fixtures/http/server.ts';
import { ImageBuildError, MissingProgramError, NoSpaceError } from '../../../../src/errors/index.ts';
import { sweepBuildDirectories } from '../../../../src/images/store/build-directory.ts';
import { diskLayout } from '../../../../src/images/build/disk/disk-layout.ts';
import type { DistributionBuildOptions } from '../../../../src/images/build/distribution-disk.ts';
import { partitionTable } from '../../../../src/images/build/disk/partition-table.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { run } from '../../../../src/process/run.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { whyNoDebianGuest } from '../../../debian-guest.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';
import { canMount, smallFileSystem } from '../../machine/small-file-system.ts';
import { reach } from './builder-phase.ts';
import { AGENT, NOTHING, type PackageBuild, beginBuild, failureOf, processesOf } from './package-build.ts';
import { until } from '../../../until.ts';

const BUILD_MS = 600_000;

const missing = whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

const directory = temporaryDirectory();
const killed: ChildProcess[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const child of killed.splice(0)) child.kill('SIGKILL');
});

/** A build into a new directory, and its leftovers there. */
function build(change: Partial<DistributionBuildOptions>, parent = directory) {
  return beginBuild(
    { ...{ distribution: 'debian', release: '13', include: [], run: [], agent: AGENT }, ...change },
    parent,
  );
}

describe('the partition table of a new disk', () => {
  it.skipIf(findProgram('sfdisk') === undefined).each([1, 10, 2048])(
    'is accepted by sfdisk on a disk of %i GiB',
    async (gibibytes) => {
      const ids = [1, 2, 3, 4].map((n) => `00000000-0000-4000-8000-00000000000${n}`).values();
      const newId = (): string => ids.next().value ?? '';
      const { diskSectors, biosBoot, efi, root } = diskLayout(gibibytes * 1024 ** 3, newId);
      const { start, end } = partitionTable(diskSectors, newId(), [biosBoot, efi, root]);
      const disk = join(directory, `${gibibytes}.raw`);
      writeFileSync(disk, start);
      await run(['truncate', '-s', String(diskSectors * 512 - end.length), disk]);
      writeFileSync(disk, end, { flag: 'a' });
      const { stdout } = await run(['sfdisk', '--json', disk]);
      const table = JSON.parse(stdout.toString()) as { partitiontable: { partitions: unknown[] } };
      expect(table.partitiontable.partitions).toMatchObject([
        { start: biosBoot.firstSector, size: biosBoot.sectors, uuid: biosBoot.id.toUpperCase() },
        { start: efi.firstSector, size: efi.sectors, type: efi.type.toUpperCase() },
        { start: root.firstSector, size: root.sectors, type: root.type.toUpperCase(), name: 'root' },
      ]);
      expect((await run(['sfdisk', '--verify', disk])).stdout.toString()).toContain('No errors detected');
    },
  );
});

describe('a host without the programs', () => {
  it('reports all of them in one error', async () => {
    vi.stubEnv('PATH', '/nowhere');
    const { result, left } = build({});
    const error = await failureOf(result);
    expect(error).toBeInstanceOf(MissingProgramError);
    const hint: unknown = expect.stringMatching(
      /apt-get install mmdebstrap .*mtools qemu-utils.*dnf install mmdebstrap/,
    );
    expect(error).toMatchObject({ hint });
    expect(left()).toEqual(NOTHING);
  });
});

describe.skipIf(missing !== undefined)('a failing build of packages', () => {
  /** It waits for most of its time, between attempts. */
  let unreachable: { readonly failure: Promise<Error>; readonly left: PackageBuild['left'] };
  beforeAll(() => {
    const { result, left } = build({ mirror: 'http://127.0.0.1:1/debian' });
    unreachable = { failure: failureOf(result), left };
  });

  it('rejects an unsigned mirror', async () => {
    const served = directoryIn(directory, 'mirror-');
    for (const suite of ['trixie', 'trixie-updates']) {
      mkdirSync(join(served, 'dists', suite), { recursive: true });
      writeFileSync(join(served, 'dists', suite, 'Release'), `Suite: ${suite}\n`);
    }
    await using server = new Scope();
    const { url } = await serveDirectory(served, server);
    const { result, left } = build({ mirror: url });
    await expect(result).rejects.toThrow(/not signed by a Debian key/);
    expect(left()).toEqual(NOTHING);
  });

  it.skipIf(!canMount)('reports a full disk', async () => {
    await using mounted = new Scope();
    const small = smallFileSystem(directory, '80m', mounted);
    const { result, left } = build({}, small);
    expect(await failureOf(result)).toBeInstanceOf(NoSpaceError);
    expect(left()).toEqual(NOTHING);
  });

  it('leaves nothing when it is aborted while it runs', async () => {
    const controller = new AbortController();
    const { result, left } = build({
      signal: controller.signal,
      onProgress: (phase) => phase === 'fetching' && controller.abort(new Error('enough')),
    });
    await expect(result).rejects.toThrow('enough');
    expect(left()).toEqual(NOTHING);
  });

  it('names the unreachable mirror', async () => {
    const error = await unreachable.failure;
    expect(error).toBeInstanceOf(ImageBuildError);
    expect(error.message).toMatch(/127\.0\.0\.1.* cannot be reached$/);
    expect(unreachable.left()).toEqual(NOTHING);
  });

  it('does not begin after an abort', async () => {
    const { result, left } = build({ signal: AbortSignal.abort(new Error('enough')) });
    await expect(result).rejects.toThrow('enough');
    expect(left()).toEqual(NOTHING);
  });

  it('is killed with its builder, and the next build removes its leftovers', async () => {
    const store = directoryIn(directory, 'store-');
    const child = spawn(
      process.execPath,
      [
        ...['--import', 'tsx', join(import.meta.dirname, '../../../../fixtures/images/build-packages.ts')],
        ...[store, AGENT],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    killed.push(child);
    await reach(child, 'installing');
    expect(processesOf(store)).not.toEqual([]);
    child.kill('SIGKILL');
    await until(() => processesOf(store).length === 0);
    expect(readdirSync(store)).toHaveLength(1);
    await sweepBuildDirectories(store);
    expect(readdirSync(store)).toEqual([]);
  });

  it(
    'reports which script failed, how, and its output',
    async () => {
      const lines: string[] = [];
      const { result, left } = build({
        run: [
          { name: 'first', content: 'echo in $(pwd), $(id -un); touch /etc/by-first; cat' },
          { name: 'second.py', content: '#!/bin/sh\ntest -e /etc/by-first && echo it broke >&2; exit 9\n' },
          { name: 'third', content: 'echo never' },
        ],
        onOutput: (line) => lines.push(line),
      });
      const error = await failureOf(result);
      expect(error).toBeInstanceOf(ImageBuildError);
      expect(error.message).toBe(
        'second.py exited with status 9 in the new system; last output:\n  it broke',
      );
      expect(lines.filter((line) => line !== '')).toEqual(['in /root, root', 'it broke']);
      expect(left()).toEqual(NOTHING);
    },
    BUILD_MS,
  );
});
