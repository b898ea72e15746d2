import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  ImageLockedError,
  ImageRefusedError,
  InvalidInputError,
  MissingProgramError,
  NoSpaceError,
} from '../../../../src/errors/index.ts';
import { checkDisk } from '../../../../src/images/qemu-img/check-disk.ts';
import {
  applySnapshot,
  createSnapshot,
  deleteSnapshot,
  listSnapshots,
} from '../../../../src/images/qemu-img/disk-snapshot.ts';
import { inspectChain, inspectDisk } from '../../../../src/images/qemu-img/inspect-disk.ts';
import {
  commitDisk,
  convertDisk,
  createDisk,
  createOverlay,
  measureDisk,
  rebaseDisk,
  resizeDisk,
} from '../../../../src/images/qemu-img/qemu-img.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

const MiB = 1024 ** 2;
let directory: string;
const at = (name: string): string => join(directory, name);

beforeEach(() => {
  const made = makeTemporaryDirectory();
  directory = made.path;
  return made.remove;
});

/** Writes a pattern to a disk, as a guest would. */
function write(path: string, pattern: number, offset: string, length = '64k'): void {
  const image = `driver=qcow2,file.driver=file,file.filename=${path.replaceAll(',', ',,')}`;
  execFileSync('qemu-io', ['--image-opts', '-c', `write -P ${pattern} ${offset} ${length}`, image]);
}

function holds(path: string, pattern: number, offset: string, length = '64k'): boolean {
  const image = `driver=qcow2,file.driver=file,file.filename=${path.replaceAll(',', ',,')}`;
  const read = `read -P ${pattern} ${offset} ${length}`;
  const { status, stdout } = spawnSync('qemu-io', ['--image-opts', '-r', '-U', '-c', read, image]);
  expect(stdout.toString()).toMatch(/^read \d+|Pattern verification failed/m);
  return status === 0;
}

describe('names', () => {
  const nasty = [
    'a,b',
    'a,,b=c',
    'two words',
    ' leading',
    'a=b',
    'a:b',
    'nbd:localhost:10809',
    'json:{"driver":"null-co"}',
    'file:x',
    "it's",
    'say "hi"',
    'new\nline',
    'ünï–🙂',
    '-f',
    '--help',
    '%20',
    'back\\slash',
    '$HOME',
    '*',
  ];

  it.each(nasty)('%j is an ordinary name', async (name) => {
    mkdirSync(at(name));
    const base = join(at(name), `${name}.base`);
    const overlay = join(at(name), `${name}.overlay`);
    const moved = join(at(name), `${name}.relative`);
    const raw = join(at(name), `${name}.raw`);
    await createDisk({ path: base, format: 'qcow2', sizeBytes: MiB });
    await createOverlay({ path: overlay, backingPath: base, backingFormat: 'qcow2' });
    await createOverlay({ path: moved, backingPath: base, backingFormat: 'qcow2', relative: true });
    expect((await inspectChain({ path: overlay, format: 'qcow2' })).map(({ path }) => path)).toEqual([
      overlay,
      base,
    ]);
    expect((await inspectDisk({ path: moved, format: 'qcow2' })).backingFile).toBe(`./${name}.base`);
    expect(await inspectChain({ path: moved, format: 'qcow2' })).toHaveLength(2);
    await resizeDisk({ path: overlay, format: 'qcow2', sizeBytes: 2 * MiB });
    await createSnapshot({ path: overlay }, name);
    await applySnapshot({ path: overlay }, name);
    await deleteSnapshot({ path: overlay }, name);
    await commitDisk({ path: overlay });
    await rebaseDisk({ path: overlay, backing: undefined });
    await convertDisk({ from: { path: overlay, format: 'qcow2' }, to: { path: raw, format: 'raw' } });
    expect(await checkDisk({ path: overlay, format: 'qcow2' })).toMatchObject({ corruptions: 0 });
    expect(
      (await measureDisk({ source: { path: raw, format: 'raw' }, format: 'qcow2' })).requiredBytes,
    ).toBeGreaterThan(0);
    expect(readdirSync(at(name)).sort()).toEqual(
      ['base', 'overlay', 'raw', 'relative'].map((kind) => `${name}.${kind}`).sort(),
    );
  });

  it('rejects invalid names, and a backing name that is too long', async () => {
    await expect(createDisk({ path: 'a\0b', format: 'raw', sizeBytes: 512 })).rejects.toThrow(
      InvalidInputError,
    );
    await expect(createDisk({ path: '', format: 'raw', sizeBytes: 512 })).rejects.toThrow(InvalidInputError);
    const deep = join(directory, ...Array.from({ length: 6 }, () => 'd'.repeat(200)));
    mkdirSync(deep, { recursive: true });
    await createDisk({ path: join(deep, 'base'), format: 'qcow2', sizeBytes: MiB });
    const overlay = {
      path: join(deep, 'overlay'),
      backingPath: join(deep, 'base'),
      backingFormat: 'qcow2',
    } as const;
    await expect(createOverlay(overlay)).rejects.toThrow('a qcow2 image can store at most 1023');
    await createOverlay({ ...overlay, relative: true });
    expect(await inspectChain({ path: overlay.path, format: 'qcow2' })).toHaveLength(2);
  });
});

describe('create', () => {
  it('creates disks of the given size and format', async () => {
    await createDisk({ path: at('a'), format: 'qcow2', sizeBytes: 3 * MiB });
    expect(await inspectDisk({ path: at('a'), format: 'qcow2' })).toMatchObject({
      format: 'qcow2',
      virtualBytes: 3 * MiB,
      backingFile: undefined,
      dataFile: undefined,
      dirty: false,
      corrupt: false,
      snapshots: [],
    });
    await createDisk({ path: at('r'), format: 'raw', sizeBytes: 512 });
    expect(readFileSync(at('r'))).toHaveLength(512);
  });

  it('does not change an existing file', async () => {
    writeFileSync(at('precious'), 'data');
    await expect(createDisk({ path: at('precious'), format: 'qcow2', sizeBytes: MiB })).rejects.toThrow(
      'already exists',
    );
    await expect(
      convertDisk({ from: { path: at('x'), format: 'raw' }, to: { path: at('precious'), format: 'raw' } }),
    ).rejects.toThrow('already exists');
    expect(readFileSync(at('precious'), 'utf8')).toBe('data');
  });

  it.each([0, -512, 1000, 1.5, Number.NaN, 2 ** 60])('rejects a size of %d', async (sizeBytes) => {
    await expect(createDisk({ path: at('a'), format: 'raw', sizeBytes })).rejects.toThrow(InvalidInputError);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves nothing when it fails', async () => {
    await expect(createDisk({ path: at('no/where'), format: 'raw', sizeBytes: 512 })).rejects.toThrow(
      'no such directory: ',
    );
    await expect(
      createDisk({ path: '/sys/vmlet-test', format: 'raw', sizeBytes: 512 }),
    ).rejects.toMatchObject({
      code: 'VMLET_PERMISSION',
      message: expect.stringMatching(
        /^(permission denied|read-only file system): \/sys\/vmlet-test$/,
      ) as string,
    });
    await expect(
      createOverlay({
        path: at('o'),
        backingPath: at('missing'),
        backingFormat: 'qcow2',
        sizeBytes: MiB,
      }),
    ).rejects.toThrow('no such file: ');
    writeFileSync(at('text'), 'x'.repeat(4096));
    await expect(
      createOverlay({ path: at('o'), backingPath: at('text'), backingFormat: 'qcow2' }),
    ).rejects.toThrow(ImageRefusedError);
    rmSync(at('text'));
    expect(readdirSync(directory)).toEqual([]);
  });

  it('creates an overlay without opening the files that its backing file’s header names', async () => {
    const names = ['-F', 'raw', '-b', at('nowhere')];
    execFileSync('qemu-img', ['create', '-q', '-u', '-f', 'qcow2', ...names, at('base'), '3M']);
    const base = { backingPath: at('base'), backingFormat: 'qcow2' } as const;
    await createOverlay({ ...base, path: at('same') });
    await createOverlay({ ...base, path: at('larger'), sizeBytes: 8 * MiB, relative: true });
    expect(await inspectDisk({ path: at('same'), format: 'qcow2' })).toMatchObject({
      virtualBytes: 3 * MiB,
      backingPath: at('base'),
      backingFormat: 'qcow2',
    });
    expect(await inspectDisk({ path: at('larger'), format: 'qcow2' })).toMatchObject({
      virtualBytes: 8 * MiB,
      backingFile: './base',
    });
  });

  it('creates an overlay as large as QEMU’s view of a raw disk that ends within a sector', async () => {
    writeFileSync(at('odd'), 'x'.repeat(1000));
    await createOverlay({ path: at('o'), backingPath: at('odd'), backingFormat: 'raw' });
    const seen = await inspectDisk({ path: at('odd'), format: 'raw' });
    expect((await inspectDisk({ path: at('o'), format: 'qcow2' })).virtualBytes).toBe(seen.virtualBytes);
  });

  it('treats a raw disk that looks like a qcow2 as raw', async () => {
    await createDisk({ path: at('inner'), format: 'qcow2', sizeBytes: 512 * MiB });
    expect((await inspectDisk({ path: at('inner'), format: 'raw' })).virtualBytes).toBeLessThan(MiB);
    await createOverlay({ path: at('o'), backingPath: at('inner'), backingFormat: 'raw' });
    expect((await inspectDisk({ path: at('o'), format: 'qcow2' })).virtualBytes).toBeLessThan(MiB);
  });
});

describe('inspect', () => {
  it('shows the references of an untrusted image', async () => {
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', `data_file=${at('data')}`, at('d'), '1M']);
    expect((await inspectDisk({ path: at('d'), format: 'qcow2' })).dataFile).toBe(at('data'));
    execFileSync('qemu-img', [
      'create',
      '-q',
      '-u',
      '-f',
      'qcow2',
      '-F',
      'raw',
      '-b',
      '/etc/shadow',
      at('b'),
      '1M',
    ]);
    expect(await inspectDisk({ path: at('b'), format: 'qcow2' })).toMatchObject({
      backingFile: '/etc/shadow',
      backingFormat: 'raw',
    });
  });

  it('does not follow a circular chain, or one without formats', async () => {
    await createDisk({ path: at('a'), format: 'qcow2', sizeBytes: MiB });
    await createOverlay({ path: at('b'), backingPath: at('a'), backingFormat: 'qcow2' });
    await rebaseDisk({ path: at('a'), backing: { path: at('b'), format: 'qcow2' }, nameOnly: true });
    await expect(inspectChain({ path: at('b'), format: 'qcow2' })).rejects.toThrow(
      'has a loop in its chain of backing files',
    );
    execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', at('c'), '1M']);
    // A header from before the format was recorded: its extension is renamed to an unknown one.
    await createOverlay({ path: at('d'), backingPath: at('c'), backingFormat: 'qcow2' });
    const header = readFileSync(at('d'));
    const extension = header.indexOf(Buffer.from([0xe2, 0x79, 0x2a, 0xca]));
    header.writeUInt32BE(0x12345678, extension);
    writeFileSync(at('d'), header);
    await expect(inspectChain({ path: at('d'), format: 'qcow2' })).rejects.toThrow(
      'does not state the format',
    );
  });

  it('reports that the format of a file is not the stated one, or that the file is missing', async () => {
    writeFileSync(at('text'), 'x'.repeat(4096));
    await expect(inspectDisk({ path: at('text'), format: 'qcow2' })).rejects.toThrow('not in qcow2 format');
    await expect(inspectDisk({ path: at('missing'), format: 'qcow2' })).rejects.toThrow(
      `disk: no such file: ${at('missing')}`,
    );
  });
});

describe('contents', () => {
  it('survive convert, whose progress ends at 1', async () => {
    await createDisk({ path: at('a'), format: 'qcow2', sizeBytes: 64 * MiB });
    write(at('a'), 7, '32M', '8M');
    const seen: number[] = [];
    await convertDisk({
      from: { path: at('a'), format: 'qcow2' },
      to: { path: at('b'), format: 'qcow2' },
      compress: true,
      onProgress: (fraction) => seen.push(fraction),
    });
    expect(holds(at('b'), 7, '32M', '8M')).toBe(true);
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    await expect(
      convertDisk({
        from: { path: at('a'), format: 'qcow2' },
        to: { path: at('r'), format: 'raw' },
        compress: true,
      }),
    ).rejects.toThrow('raw disks do not support compression');
  });

  it('are moved down by commit, and kept by rebase', async () => {
    await createDisk({ path: at('base'), format: 'qcow2', sizeBytes: MiB });
    await createOverlay({ path: at('top'), backingPath: at('base'), backingFormat: 'qcow2' });
    write(at('top'), 9, '128k');
    expect(holds(at('base'), 9, '128k')).toBe(false);
    await commitDisk({ path: at('top') });
    expect(holds(at('base'), 9, '128k')).toBe(true);
    await rebaseDisk({ path: at('top'), backing: undefined });
    expect((await inspectDisk({ path: at('top'), format: 'qcow2' })).backingFile).toBeUndefined();
    rmSync(at('base'));
    expect(holds(at('top'), 9, '128k')).toBe(true);
  });

  it('are restored from a snapshot', async () => {
    await createDisk({ path: at('a'), format: 'qcow2', sizeBytes: MiB });
    write(at('a'), 1, '0');
    await createSnapshot({ path: at('a') }, 'before');
    write(at('a'), 2, '0');
    expect((await listSnapshots({ path: at('a') })).map(({ name }) => name)).toEqual(['before']);
    await applySnapshot({ path: at('a') }, 'before');
    expect(holds(at('a'), 1, '0')).toBe(true);
    await expect(createSnapshot({ path: at('a') }, 'before')).rejects.toThrow('already');
    await expect(createSnapshot({ path: at('a') }, '1')).rejects.toThrow('invalid name');
    await deleteSnapshot({ path: at('a') }, 'before');
    await expect(applySnapshot({ path: at('a') }, 'before')).rejects.toThrow('no such snapshot: ');
    expect(await listSnapshots({ path: at('a') })).toEqual([]);
  });

  it('are not truncated by resize without permission', async () => {
    await createDisk({ path: at('a'), format: 'qcow2', sizeBytes: 4 * MiB });
    await expect(resizeDisk({ path: at('a'), format: 'qcow2', sizeBytes: MiB })).rejects.toMatchObject({
      code: 'VMLET_COMMAND_FAILED',
    });
    await resizeDisk({ path: at('a'), format: 'qcow2', sizeBytes: MiB, shrink: true });
    expect((await inspectDisk({ path: at('a'), format: 'qcow2' })).virtualBytes).toBe(MiB);
  });

  it('are checked and repaired', async () => {
    await createDisk({ path: at('a'), format: 'qcow2', sizeBytes: MiB });
    write(at('a'), 1, '0', '256k');
    const image = readFileSync(at('a'));
    // The refcount of a cluster that is in use becomes 0, by the qcow2 specification's header fields.
    const refcountBlock = Number(image.readBigUInt64BE(Number(image.readBigUInt64BE(48))));
    image.writeUInt16BE(0, refcountBlock + 2 * 5);
    writeFileSync(at('a'), image);
    expect((await checkDisk({ path: at('a'), format: 'qcow2' })).corruptions).toBeGreaterThan(0);
    expect(
      (await checkDisk({ path: at('a'), format: 'qcow2', repair: 'all' })).corruptionsFixed,
    ).toBeGreaterThan(0);
    expect(await checkDisk({ path: at('a'), format: 'qcow2' })).toMatchObject({
      corruptions: 0,
      leaks: 0,
      errors: 0,
    });
    await expect(checkDisk({ path: at('a'), format: 'raw' })).rejects.toThrow('raw disks cannot be checked');
  });

  it('are measured', async () => {
    const measure = await measureDisk({ source: { sizeBytes: 1024 * MiB }, format: 'qcow2' });
    expect(measure.requiredBytes).toBeLessThan(10 * MiB);
    expect(measure.fullyAllocatedBytes).toBeGreaterThan(1024 * MiB);
  });
});

describe('a disk in use', () => {
  it('is rejected with the name of its user', async () => {
    await createDisk({ path: at('a'), format: 'qcow2', sizeBytes: MiB });
    await createOverlay({ path: at('top'), backingPath: at('a'), backingFormat: 'qcow2' });
    const holder = spawn('qemu-io', ['-f', 'qcow2', at('a')], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      // Its prompt appears when the image is open.
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      const failure = await resizeDisk({ path: at('a'), format: 'qcow2', sizeBytes: 2 * MiB }).catch(
        (e: unknown) => e,
      );
      expect(failure).toBeInstanceOf(ImageLockedError);
      expect(failure).toMatchObject({ path: at('a'), holders: [`qemu-io (pid ${holder.pid})`] });
      // The error names the locked file, not the requested one.
      await expect(commitDisk({ path: at('top') })).rejects.toMatchObject({ path: at('a') });
      expect((await inspectDisk({ path: at('a'), format: 'qcow2' })).virtualBytes).toBe(MiB);
    } finally {
      const closed = new Promise((resolve) => holder.once('close', resolve));
      holder.stdin.end();
      await closed;
    }
  });
});

describe('failure', () => {
  it('for lack of disk space is named, and nothing is left', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can mount a small file system to fill');
    const small = at('small');
    mkdirSync(small);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
    try {
      await createDisk({ path: at('big'), format: 'qcow2', sizeBytes: 64 * MiB });
      write(at('big'), 5, '0', '32M');
      await expect(
        convertDisk({
          from: { path: at('big'), format: 'qcow2' },
          to: { path: join(small, 'copy'), format: 'raw' },
        }),
      ).rejects.toThrow(NoSpaceError);
      expect(readdirSync(small)).toEqual([]);
      execFileSync('sh', ['-c', 'cat /dev/zero > "$0" 2>/dev/null || true', join(small, 'filler')]);
      await expect(createDisk({ path: join(small, 'new'), format: 'qcow2', sizeBytes: MiB })).rejects.toThrow(
        NoSpaceError,
      );
      expect(readdirSync(small)).toEqual(['filler']);
    } finally {
      execFileSync('umount', [small]);
    }
  });

  it('by abort rejects with its reason, and nothing is left', async () => {
    await createDisk({ path: at('big'), format: 'qcow2', sizeBytes: 512 * MiB });
    write(at('big'), 5, '0', '256M');
    const controller = new AbortController();
    const reason = new Error('enough');
    const work = convertDisk({
      from: { path: at('big'), format: 'qcow2' },
      to: { path: at('copy'), format: 'qcow2' },
      compress: true,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(work).rejects.toBe(reason);
    expect(readdirSync(directory)).toEqual(['big']);
    await expect(
      createDisk({ path: at('x'), format: 'raw', sizeBytes: 512, signal: controller.signal }),
    ).rejects.toBe(reason);
    expect(readdirSync(directory)).toEqual(['big']);
  });

  it('for lack of qemu-img says what to install', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = at('empty');
    try {
      const failure = await createDisk({ path: at('a'), format: 'raw', sizeBytes: 512 }).catch(
        (e: unknown) => e,
      );
      expect(failure).toBeInstanceOf(MissingProgramError);
      expect(failure).toMatchObject({ hint: expect.stringContaining('qemu-utils') as string });
    } finally {
      process.env['PATH'] = path;
    }
    expect(readdirSync(directory)).toEqual([]);
  });

  it('for a dangling symbolic link rejects the write', async () => {
    symlinkSync(at('target'), at('link'));
    await expect(createDisk({ path: at('link'), format: 'raw', sizeBytes: 512 })).rejects.toThrow(
      'already exists',
    );
  });
});
