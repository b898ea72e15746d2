import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Machine,
  type TemporaryTemplate,
  createPool,
  createTemplate,
  launch,
} from '../../../src/index.ts';
import { VolumeStore } from '../../../src/machines/index.ts';
import { readProcessTime } from '../../../src/machine/logs/process-usage.ts';
import { descendantsOf } from '../../../src/process/procfs/descendants.ts';
import { pause } from '../../../src/util/time/pause.ts';
import { directoryIn, temporaryDirectory } from '../../directory.ts';
import { until } from '../../until.ts';
import { whyNoShares } from '../virtiofsd.ts';

/** Forks with directories and volumes that their template did not have. */

const directory = temporaryDirectory();
const MEMORY = '96M';
let template: TemporaryTemplate;

beforeAll(async () => {
  template = await createTemplate({
    memory: MEMORY,
    net: 'none',
    prepare: async (machine) => {
      expect(await sh(machine, 'echo web:x:700:800::/:/bin/sh >>/etc/passwd')).toBe('');
    },
  });
});
afterAll(async () => {
  await template.remove();
  const volumes = new VolumeStore();
  const own = volumes.list().filter(({ name }) => ['of-forks', 'kept-volume'].includes(name));
  for (const { name } of own) await volumes.remove(name);
});

async function sh(machine: Machine, script: string): Promise<string> {
  const { stdout, stderr } = await machine.exec(['sh', '-c', script]);
  return `${stdout.toString()}${stderr.toString()}`.trim();
}

function shared(content: string): string {
  const path = directoryIn(directory, 'shared-');
  writeFileSync(join(path, 'file'), content);
  return path;
}

function isOf(pid: string, source: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`=${source}`);
  } catch {
    // Another child, which has ended meanwhile.
    return false;
  }
}

/** Long enough to tell a program that polls from one that waits. */
const WINDOW_MS = 500;

/** Returns the processor time that the virtiofsd of a directory uses while it has nothing to do. */
async function busyMs(source: string): Promise<number> {
  const daemon = Number(descendantsOf(process.pid).find((pid) => isOf(String(pid), source)));
  const before = await readProcessTime(daemon);
  await pause(WINDOW_MS);
  const after = await readProcessTime(daemon);
  return (after?.cpuMs ?? Infinity) - (before?.cpuMs ?? 0);
}

describe.skipIf(whyNoShares !== undefined)('a fork', () => {
  it('has a directory, read-only ones, volumes, tmpfs and copies', async () => {
    const [writable, locked, copied] = [shared('writable'), shared('locked'), shared('copied')];
    const volumes = [`${writable}:/a`, `${locked}:/b:ro`, 'of-forks:/v:size=16M', `${copied}:/c:copy`];
    const mounts = ['type=tmpfs,dst=/t,tmpfs-size=1m'];
    {
      await using machine = await template.fork({ volumes, mounts });
      expect(machine.plan.memory.kind).toBe('copy');
      expect(
        await sh(machine, 'cat /a/file /b/file /c/file; touch /b/x; echo guest >/a/new; echo v >/v/file'),
      ).toMatch(/^writablelockedcopied.*Read-only file system$/);
      expect(readFileSync(join(writable, 'new'), 'utf8')).toBe('guest\n');
      writeFileSync(join(writable, 'new'), 'longer than before\n');
      expect(await sh(machine, 'cat /a/new; grep -c " /[abvt] " /proc/mounts')).toBe('longer than before\n4');
      await machine.copyBack();
    }
    await using reader = await template.fork({ volumes: ['of-forks:/v:ro'] });
    expect(reader.plan.memory.kind).toBe('copy-on-write');
    expect(await sh(reader, 'cat /v/file')).toBe('v');
  });

  it('has only its own directories, with ten forks at once', async () => {
    const sources = Array.from({ length: 10 }, (_, index) => shared(`${index}\n`));
    const machines = await Promise.all([
      template.fork(),
      ...sources.map(async (source) => template.fork({ volumes: [`${source}:/s`] })),
    ]);
    const said = await Promise.all(
      machines.map(async (machine) => sh(machine, 'cat /s/file && hostname >/s/name && hostname')),
    );
    expect(said[0]).toContain('No such file');
    const sharing = machines.slice(1);
    expect(said.slice(1)).toEqual(sharing.map(({ name }, index) => `${index}\n${name}`));
    sources.forEach((source, index) => {
      expect(readFileSync(join(source, 'name'), 'utf8')).toBe(`${sharing[index]?.name ?? ''}\n`);
    });
    await Promise.all(machines.map(async (machine) => machine.kill()));
  });

  it('gives directories to users whom its template has added, by name', async () => {
    const sources = ['0', '1', '2'].map(shared);
    const [first = '', second = '', third = ''] = sources;
    await using machine = await template.fork({
      volumes: [`${first}:/a:uid=web`, `${second}:/b`, `${third}:/c:uid=web,gid=users,copy`],
    });
    expect(await sh(machine, 'stat -c %u:%g /a/file /b/file /c/file; cat /?/file')).toBe(
      ['700:800', '0:0', '700:100', '012'].join('\n'),
    );
    await machine.exec(['touch', '/a/made'], { user: 'web' });
    expect(statSync(join(first, 'made')).uid).toBe(process.getuid?.());
    const unknown = template.fork({ volumes: [`${first}:/a:uid=nobody-else`] });
    await expect(unknown).rejects.toThrow('volumes[0]: the guest has no such user: nobody-else');
    expect(descendantsOf(process.pid).filter((pid) => isOf(String(pid), first))).toHaveLength(1);
  });

  it('ends with the virtiofsd of a directory that was given to a user by name', async () => {
    const source = shared('x');
    await using machine = await template.fork({ volumes: [`${source}:/s:uid=web`] });
    const daemon = descendantsOf(process.pid).find((pid) => isOf(String(pid), source));
    process.kill(Number(daemon), 'SIGKILL');
    expect(await machine.ended).toMatchObject({ kind: 'share-lost' });
  });

  it('ends with its virtiofsd, and leaves nothing', async () => {
    const source = shared('x');
    await using machine = await template.fork({ volumes: [`${source}:/s`] });
    const { sockets, storage } = machine.plan.directory;
    expect(await sh(machine, 'cat /s/file')).toBe('x');
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
      .trim()
      .split(' ');
    const daemon = children.find((pid) => isOf(pid, source));
    process.kill(Number(daemon), 'SIGKILL');
    expect(await machine.ended).toMatchObject({ kind: 'share-lost' });
    expect([existsSync(sockets), existsSync(storage)]).toEqual([false, false]);
  });

  it('is rejected with more mounts than its template has ports, or as second writer of a volume', async () => {
    const source = shared('x');
    const volumes = Array.from({ length: 5 }, (_, index) => `${source}:/s${index}`);
    await expect(template.fork({ volumes })).rejects.toThrow(
      'volumes: too many directories, volumes and disks: 5; forks of this template can have at most 4',
    );
    await using _writer = await template.fork({ volumes: ['of-forks:/v'] });
    await expect(template.fork({ volumes: ['of-forks:/v'] })).rejects.toThrow(
      `volume "of-forks" is in use by a throw-away machine (process ${process.pid})`,
    );
    await expect(createTemplate({ volumes: ['of-forks:/v'] })).rejects.toThrow(
      'volumes[0]: a template cannot have shared directories, volumes or tmpfs',
    );
  });

  it('has its directory in a pool, also in a warm one', async () => {
    for (const warm of [false, true]) {
      const source = shared('pool');
      await using pool = createPool(template, { size: 1, warm, volumes: [`${source}:/s`] });
      await pool.full();
      expect(await busyMs(source)).toBeLessThan(WINDOW_MS / 2);
      await using machine = await pool.fork();
      writeFileSync(join(source, 'file'), 'changed while it waited');
      expect(await sh(machine, 'cat /s/file')).toBe('changed while it waited');
    }
  });
});

describe.skipIf(whyNoShares !== undefined)('a kept guest', () => {
  it('is forked with directories and volumes that it was not kept with', async () => {
    const source = shared('one');
    const options = { kept: 'use', memory: MEMORY, net: 'none' } as const;
    {
      await using first = await launch({ ...options, volumes: [`${source}:/s`] });
      expect(await sh(first, 'cat /s/file; echo two >/s/file')).toBe('one');
    }
    await using second = await launch({ ...options, volumes: [`${source}:/elsewhere`, 'kept-volume:/v'] });
    expect(second.origin).toBe('kept');
    expect(await sh(second, 'cat /elsewhere/file; ls -A /v; ls /s')).toMatch(/^two\n.*No such file/);
    await using third = await launch({ ...options, mounts: ['type=tmpfs,dst=/t'] });
    expect(third.origin).toBe('kept');
    mkdirSync(join(source, 'more'));
    await until(async () => (await sh(second, 'ls /elsewhere')).includes('more'));
  });
});
