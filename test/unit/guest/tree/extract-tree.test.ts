import { spawnSync } from 'node:child_process';
import {
  type Stats,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, test } from 'vitest';
import { CopyBackError } from '../../../../src/errors/index.ts';
import { extractTree } from '../../../../src/guest/tree/extract-tree.ts';
import type { TreeOwner } from '../../../../src/guest/tree/tree-owner.ts';
import { makeTemporaryDirectory, temporaryDirectory } from '../../../directory.ts';

const isRoot = process.getuid?.() === 0;
const parent = temporaryDirectory();
let folder: string, target: string, outside: string;
beforeEach(() => {
  folder = makeTemporaryDirectory(parent).path;
  target = join(folder, 'target');
  outside = join(folder, 'outside');
  mkdirSync(outside);
});

interface Member {
  readonly path: string;
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'BlockDevice' | 'FIFO';
  readonly linkpath?: string;
  readonly mode?: number;
  readonly content?: string | Buffer;
}

const FLAGS = {
  File: '0',
  Link: '1',
  SymbolicLink: '2',
  CharacterDevice: '3',
  BlockDevice: '4',
  Directory: '5',
  FIFO: '6',
};

function header(name: string | Buffer, flag: string, size: number, mode = 0o644, linkName = ''): Buffer {
  const block = Buffer.alloc(512);
  block.set(Buffer.from(name).subarray(0, 100), 0);
  block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  block.write(`${(1e9).toString(8)}\0`, 136);
  block.write(flag, 156);
  block.write(linkName, 157);
  block.write('ustar\x0000', 257);
  return withChecksum(block);
}

function withChecksum(block: Buffer): Buffer {
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const padded = (data: Buffer): Buffer =>
  Buffer.concat([data, Buffer.alloc((512 - (data.length % 512)) % 512)]);

function member({ path, type = 'File', linkpath, mode, content = '' }: Member): Buffer {
  const data = Buffer.from(content);
  return Buffer.concat([header(path, FLAGS[type], data.length, mode, linkpath), padded(data)]);
}

/** A header that describes the next entry: x has PAX records, L and K a long name. */
function extension(flag: 'x' | 'L' | 'K', data: Buffer): Buffer {
  return Buffer.concat([header('././@extension', flag, data.length), padded(data)]);
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.from(` ${key}=${value}\n`);
  let length = rest.length;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

const END = Buffer.alloc(1024);
const archive = (...members: Member[]): Buffer => Buffer.concat([...members.map(member), END]);

async function* inPieces(bytes: Buffer, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const extract = async (bytes: Buffer, isComplete = async () => Promise.resolve()): Promise<number> =>
  extractTree(inPieces(bytes), target, isComplete);

/** The contents of the directory, except the test’s own. */
const left = (): string[] => readdirSync(folder).filter((name) => name !== 'outside');

describe('an archive', () => {
  it('may have times before 1970', async () => {
    const old = join(folder, 'old');
    const time = new Date(-1_000_000);
    writeFileSync(old, '');
    utimesSync(old, time, time);
    const { stdout } = spawnSync('tar', ['--format=gnu', '-c', '-C', folder, './old']);
    await extract(stdout);
    expect(statSync(join(target, 'old')).mtimeMs).toBe(time.getTime());
  });

  it('is extracted to files, directories and links, with modes and times', async () => {
    const directory = { path: './d/', type: 'Directory', mode: 0o500 } as const;
    const skipped = await extract(
      archive(
        { path: './', type: 'Directory', mode: 0o750 },
        directory,
        { path: './d/file', content: 'text', mode: 0o640 },
        { path: './d/again', type: 'Link', linkpath: './d/file' },
        { path: './link', type: 'SymbolicLink', linkpath: '/etc/hostname' },
        { path: './link2', type: 'Link', linkpath: './link' },
      ),
    );
    expect(skipped).toBe(0);
    expect(lstatSync(target).mode & 0o7777).toBe(0o750);
    expect(lstatSync(join(target, 'd'))).toMatchObject({ mtimeMs: 1e12 });
    expect(lstatSync(join(target, 'd')).mode & 0o7777).toBe(0o500);
    expect(lstatSync(join(target, 'd/file')).mode & 0o7777).toBe(0o640);
    expect(readFileSync(join(target, 'd/again'), 'utf8')).toBe('text');
    expect(lstatSync(join(target, 'd/again')).ino).toBe(lstatSync(join(target, 'd/file')).ino);
    expect(readlinkSync(join(target, 'link'))).toBe('/etc/hostname');
    expect(readlinkSync(join(target, 'link2'))).toBe('/etc/hostname');
    expect(left()).toEqual(['target']);
    // So that an ordinary user can remove it.
    chmodSync(join(target, 'd'), 0o700);
  });

  it('keeps holes in place of zeros', async () => {
    const content = Buffer.concat([Buffer.from('x'), Buffer.alloc(4_000_000), Buffer.from('y')]);
    await extract(archive({ path: 'sparse', content }));
    const file = join(target, 'sparse');
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(lstatSync(file).blocks * 512).toBeLessThan(1_000_000);
  });

  it('replaces an earlier entry of the same name', async () => {
    await extract(
      archive(
        { path: 'a', content: 'first' },
        { path: 'a', content: 'second' },
        { path: 'b', type: 'SymbolicLink', linkpath: outside },
        { path: 'b', content: 'a file' },
        { path: 'c', content: 'a file' },
        { path: 'c', type: 'SymbolicLink', linkpath: 'a' },
      ),
    );
    expect(readFileSync(join(target, 'a'), 'utf8')).toBe('second');
    expect(readFileSync(join(target, 'b'), 'utf8')).toBe('a file');
    expect(readlinkSync(join(target, 'c'))).toBe('a');
  });

  it('drops setuid bits, devices, FIFOs and sockets', async () => {
    const skipped = await extract(
      archive(
        { path: 'setuid', content: 'x', mode: 0o6755 },
        { path: 'disk', type: 'BlockDevice' },
        { path: 'null', type: 'CharacterDevice' },
        { path: 'pipe', type: 'FIFO' },
      ),
    );
    expect(skipped).toBe(3);
    expect(readdirSync(target)).toEqual(['setuid']);
    expect(lstatSync(join(target, 'setuid')).mode & 0o7777).toBe(0o755);
  });
});

describe('a hostile archive writes nothing outside of its directory, and leaves nothing', () => {
  const file = { content: 'forged' };
  test.each<[string, Member[]]>([
    ['a name with ..', [{ path: '../outside/x', ...file }]],
    ['.. in the middle', [{ path: 'a/../../outside/x', ...file }]],
    ['an absolute name', [{ path: '/tmp/x', ...file }]],
    ['a directory named ..', [{ path: '..', type: 'Directory' }]],
    ['a hard link to a file outside', [{ path: 'x', type: 'Link', linkpath: '../outside/secret' }]],
    ['a hard link to an absolute name', [{ path: 'x', type: 'Link', linkpath: '/etc/passwd' }]],
    ['a hard link to nothing', [{ path: 'x', type: 'Link', linkpath: 'y' }]],
    [
      'a file through a symbolic link',
      [
        { path: 'd', type: 'SymbolicLink', linkpath: '../outside' },
        { path: 'd/x', ...file },
      ],
    ],
    [
      'a symbolic link through a symbolic link',
      [
        { path: 'd', type: 'SymbolicLink', linkpath: '../outside' },
        { path: 'd/x', type: 'SymbolicLink', linkpath: '/etc' },
      ],
    ],
    [
      'a symbolic link through a later one',
      [
        { path: 'd/x', type: 'SymbolicLink', linkpath: '/etc' },
        { path: 'd', type: 'SymbolicLink', linkpath: '../outside' },
      ],
    ],
    [
      'a symbolic link through a directory of the same name',
      [
        { path: 'd', type: 'Directory' },
        { path: 'd', type: 'SymbolicLink', linkpath: '../outside' },
        { path: 'd/x/y', type: 'Directory' },
      ],
    ],
    [
      'a hard link through a symbolic link',
      [
        { path: 'd', type: 'SymbolicLink', linkpath: '../outside' },
        { path: 'x', type: 'Link', linkpath: 'd/secret' },
      ],
    ],
    [
      'a file below a file',
      [
        { path: 'a', ...file },
        { path: 'a/b', ...file },
      ],
    ],
    [
      'a file in place of a directory',
      [
        { path: 'a/b', ...file },
        { path: 'a', ...file },
      ],
    ],
  ])('%s', async (_name, members) => {
    writeFileSync(join(outside, 'secret'), 'secret');
    await expect(extract(archive(...members))).rejects.toThrow();
    expect(left()).toEqual([]);
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(existsSync('/tmp/x')).toBe(false);
  });

  test.each<[string, Buffer]>([
    ['text', Buffer.from('no archive at all\n'.repeat(100))],
    [
      'an end in the middle of a file',
      archive({ path: 'a', content: Buffer.alloc(5000, 1) }).subarray(0, 2000),
    ],
    ['an end in the middle of a header', archive({ path: 'a', content: 'x' }).subarray(0, 300)],
    [
      'a wrong checksum',
      (() => {
        const bytes = archive({ path: 'a', content: 'x' }, { path: 'b', content: 'y' });
        bytes[1024] = 0x7a;
        return bytes;
      })(),
    ],
  ])('%s', async (_name, bytes) => {
    await expect(extract(bytes)).rejects.toMatchObject({ code: 'VMLET_GUEST_PROTOCOL' });
    expect(left()).toEqual([]);
  });
});

describe('names', () => {
  it('can be long, in PAX and GNU form, and in any script', async () => {
    const long = `${'ä'.repeat(60)}/${'b'.repeat(200)}\n`;
    await extract(
      Buffer.concat([
        extension('x', paxRecord('path', long)),
        member({ path: 'short', content: 'pax' }),
        extension('L', Buffer.from(`gnu/${long}\0`)),
        member({ path: 'short', content: 'gnu' }),
        extension('K', Buffer.from(`${'../'.repeat(50)}x\0`)),
        member({ path: 'link', type: 'SymbolicLink' }),
        END,
      ]),
    );
    expect(readFileSync(join(target, long), 'utf8')).toBe('pax');
    expect(readFileSync(join(target, 'gnu', long), 'utf8')).toBe('gnu');
    expect(readlinkSync(join(target, 'link'))).toBe(`${'../'.repeat(50)}x`);
  });

  it.each<[string, Buffer]>([
    ['that are not UTF-8', header(Buffer.from([0x61, 0xe4]), '0', 0)],
    ['with a NUL by PAX', Buffer.concat([extension('x', paxRecord('path', 'a\0b')), member({ path: 'x' })])],
    ['longer than any path', Buffer.concat([extension('L', Buffer.alloc(5000, 'a')), member({ path: 'x' })])],
    ['in an unterminated extension', header('x', 'L', 100 * 1024 * 1024)],
    ['with .. by PAX', Buffer.concat([extension('x', paxRecord('path', '../x')), member({ path: 'x' })])],
    [
      'in a damaged PAX header',
      Buffer.concat([extension('x', Buffer.from('99 path=x\n')), member({ path: 'x' })]),
    ],
  ])('%s are rejected', async (_name, bytes) => {
    await expect(extract(Buffer.concat([bytes, END]))).rejects.toMatchObject({
      code: 'VMLET_GUEST_PROTOCOL',
    });
    expect(left()).toEqual([]);
  });
});

it('a name that is not UTF-8 is rejected with the command that copies it', async () => {
  const stream = Buffer.concat([header(Buffer.from([0x61, 0xe4]), '0', 0), END]);
  await expect(extract(stream)).rejects.toMatchObject({
    hint: expect.stringContaining('vmlet cp NAME:/DIR - | tar -x') as string,
  });
});

it('accepts padding after its end, but not an endless stream', async () => {
  const whole = archive({ path: 'a', content: 'x' });
  await extract(Buffer.concat([whole, Buffer.alloc(10_240)]));
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    yield whole;
    for (;;) yield await Promise.resolve(Buffer.alloc(65_536));
  };
  await expect(
    extractTree(endless(), join(folder, 'other'), async () => Promise.resolve()),
  ).rejects.toMatchObject({
    code: 'VMLET_GUEST_PROTOCOL',
  });
  expect(left()).toEqual(['target']);
});

it.each([
  ['gzip', gzipSync(archive({ path: 'a' }))],
  ['an endless entry', header('x', '0', 8 ** 11 - 1)],
  [
    'a PAX size that is not a number',
    Buffer.concat([extension('x', paxRecord('size', '1e99')), member({ path: 'x' })]),
  ],
])('%s is rejected', async (_name, bytes) => {
  await expect(extract(bytes)).rejects.toMatchObject({ code: 'VMLET_GUEST_PROTOCOL' });
  expect(left()).toEqual([]);
});

test.each([0, 512, 513, 1024, 70_000])('a stream that fails after %d bytes ends the copy', async (bytes) => {
  const lost = new Error('lost');
  const whole = archive({ path: 'a', content: Buffer.alloc(200_000, 1) });
  const losing = async function* (): AsyncGenerator<Uint8Array> {
    if (bytes > 0) yield await Promise.resolve(whole.subarray(0, bytes));
    throw lost;
  };
  await expect(extractTree(losing(), target, async () => Promise.resolve())).rejects.toBe(lost);
  expect(left()).toEqual([]);
});

test('a premature end rejects with the sender’s reason, if it has one', async () => {
  const why = new Error('tar: no such directory');
  await expect(extract(Buffer.alloc(0), async () => Promise.reject(why))).rejects.toBe(why);
});

test('a failed sender or a lost connection leaves nothing', async () => {
  const bytes = archive({ path: 'a', content: Buffer.alloc(100_000, 1) });
  const failed = new Error('exit status 1');
  await expect(extract(bytes, async () => Promise.reject(failed))).rejects.toBe(failed);
  const lost = new Error('lost');
  const losing = async function* (): AsyncGenerator<Uint8Array> {
    yield* inPieces(bytes.subarray(0, 50_000));
    throw lost;
  };
  await expect(extractTree(losing(), target, async () => Promise.resolve())).rejects.toBe(lost);
  expect(left()).toEqual([]);
});

describe.runIf(isRoot)('what root extracts for another user', () => {
  const owner = { uid: 4321, gid: 1234 };
  const extractFor = async (content: AsyncIterable<Uint8Array>): Promise<number> =>
    extractTree(content, target, async () => Promise.resolve(), { owner });
  const members = [
    { path: './', type: 'Directory', mode: 0o755 },
    { path: 'old', type: 'Directory', mode: 0o700 },
    { path: 'old/program', mode: 0o6755, content: 'x' },
    { path: 'new/inner/file', content: 'x' },
    { path: 'new/link', type: 'SymbolicLink', linkpath: '/etc/passwd' },
    { path: 'new/again', type: 'Link', linkpath: 'new/inner/file' },
  ] as const;
  const shown = ({ mode, uid, gid }: Stats): string => `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
  const attributesOf = (path: string): string => shown(lstatSync(path));

  it('belongs to this user, without setuid, and directories that were there keep their attributes', async () => {
    mkdirSync(join(target, 'old'), { recursive: true });
    chownSync(target, owner.uid, owner.gid);
    chmodSync(target, 0o755);
    chmodSync(join(target, 'old'), 0o2751);
    await extractFor(inPieces(archive(...members)));
    expect(attributesOf(target)).toBe('755 4321:1234');
    expect(attributesOf(join(target, 'old'))).toBe('2751 0:0');
    expect(attributesOf(join(target, 'old/program'))).toBe('755 4321:1234');
    for (const path of ['new', 'new/inner', 'new/inner/file', 'new/link']) {
      expect(attributesOf(join(target, path))).toMatch(/ 4321:1234$/);
    }
    expect(attributesOf('/etc/passwd')).toMatch(/ 0:0$/);
    expect(readdirSync(target).sort()).toEqual(['new', 'old']);
  });

  it('belongs to this user in a new directory', async () => {
    await extractFor(inPieces(archive({ path: './', type: 'Directory', mode: 0o750 }, { path: 'a' })));
    expect([target, join(target, 'a')].map(attributesOf)).toEqual(['750 4321:1234', '644 4321:1234']);
    expect(left()).toEqual(['target']);
  });

  it('is not led elsewhere by a user who replaces the private directory by a link', async () => {
    mkdirSync(target);
    chownSync(target, owner.uid, owner.gid);
    const [begin, rest] = [member({ path: 'a' }), archive({ path: 'b' }, { path: 'c/d' })];
    const swapping = async function* (): AsyncGenerator<Uint8Array> {
      yield begin;
      const [name = ''] = await Promise.resolve(readdirSync(target));
      renameSync(join(target, name), join(target, 'away'));
      symlinkSync(outside, join(target, name));
      yield rest;
    };
    await extractFor(swapping());
    expect(readdirSync(target)).toEqual(expect.arrayContaining(['a', 'b', 'c']));
    expect(readdirSync(outside)).toEqual([]);
    expect(lstatSync(outside)).toMatchObject({ uid: 0 });
  });

  it('is complete although this user has put a directory with contents in the place of the private one', async () => {
    mkdirSync(target);
    chownSync(target, owner.uid, owner.gid);
    const swapping = async function* (): AsyncGenerator<Uint8Array> {
      const [name = ''] = await Promise.resolve(readdirSync(target));
      renameSync(join(target, name), join(target, 'away'));
      mkdirSync(join(target, name));
      writeFileSync(join(target, name, 'full'), '');
      yield archive({ path: 'a' });
    };
    expect(await extractFor(swapping())).toBe(0);
    expect(readdirSync(target)).toContain('a');
  });

  it('is closed to this user until everything in it is theirs, in a new directory, too', async () => {
    const files = Array.from({ length: 200 }, (_, number) => ({ path: `d/${number}/file` }));
    const seen = new Set<string>();
    const turns = new AbortController();
    const watching = (async () => {
      for (; !turns.signal.aborted; await nextTurn()) {
        for (const name of left()) {
          // It may have been renamed since.
          const found = lstatSync(join(folder, name), { throwIfNoEntry: false });
          if (found) seen.add(shown(found));
        }
      }
    })();
    await extractFor(inPieces(archive({ path: './', type: 'Directory', mode: 0o777 }, ...files), 4096));
    turns.abort();
    await watching;
    expect([...seen].filter((attributes) => !attributes.endsWith(' 4321:1234'))).toEqual(['700 0:0']);
    expect(attributesOf(target)).toBe('777 4321:1234');
  });

  it('is rejected where this user has replaced the directory, or one above it', async () => {
    mkdirSync(target);
    await expect(extractFor(inPieces(archive(...members)))).rejects.toThrow(
      `${target} belongs to user 0 now, instead of 4321`,
    );
    rmdirSync(target);
    symlinkSync(outside, join(folder, 'link'));
    mkdirSync(join(outside, 'target'));
    chownSync(join(outside, 'target'), owner.uid, owner.gid);
    target = join(folder, 'link/target');
    await expect(extractFor(inPieces(archive(...members)))).rejects.toMatchObject({
      code: 'VMLET_INVALID_INPUT',
    });
    expect(readdirSync(join(outside, 'target'))).toEqual([]);
  });
});

describe('an existing directory', () => {
  it('is merged into, without following links in it', async () => {
    mkdirSync(join(target, 'd'), { recursive: true });
    writeFileSync(join(target, 'd/own'), 'own');
    writeFileSync(join(target, 'd/file'), 'old');
    symlinkSync(join(outside, 'secret'), join(target, 'd/link'));
    writeFileSync(join(outside, 'secret'), 'secret');
    await extract(
      archive({ path: 'd/file', content: 'new' }, { path: 'd/link', content: 'a file' }, { path: 'e/f' }),
    );
    expect(readdirSync(join(target, 'd')).sort()).toEqual(['file', 'link', 'own']);
    expect(readFileSync(join(target, 'd/file'), 'utf8')).toBe('new');
    expect(readFileSync(join(target, 'd/link'), 'utf8')).toBe('a file');
    expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
    expect(existsSync(join(target, 'e/f'))).toBe(true);
  });

  it('keeps its own mode, and accepts directories without write permission', async () => {
    mkdirSync(join(target, 'd'), { recursive: true });
    chmodSync(target, 0o1777);
    chmodSync(join(target, 'd'), 0o710);
    await extract(
      archive(
        { path: './', type: 'Directory', mode: 0o700 },
        { path: 'd/', type: 'Directory', mode: 0o700 },
        { path: 'new/', type: 'Directory', mode: 0o555 },
        { path: 'new/sub/', type: 'Directory', mode: 0o500 },
        { path: 'new/sub/file', content: 'x' },
      ),
    );
    const mode = (name: string): number => lstatSync(join(target, name)).mode & 0o7777;
    expect(['', 'd', 'new', 'new/sub'].map(mode)).toEqual([0o1777, 0o710, 0o555, 0o500]);
    expect(readdirSync(target).sort()).toEqual(['d', 'new']);
    for (const name of ['new', 'new/sub']) chmodSync(join(target, name), 0o700);
  });

  it('can be a link to a directory', async () => {
    symlinkSync(outside, target);
    await extract(archive({ path: 'x', content: 'x' }));
    expect(readdirSync(outside)).toEqual(['x']);
    expect(lstatSync(target).isSymbolicLink()).toBe(true);
  });

  it('is not changed if a later entry does not fit', async () => {
    mkdirSync(join(target, 'z'), { recursive: true });
    await expect(
      extract(archive({ path: 'a', content: 'x' }, { path: 'z', content: 'x' })),
    ).rejects.toThrow();
    expect(readdirSync(target)).toEqual(['z']);
  });

  it.each([
    ['a directory that exists as a link', () => symlinkSync(outside, join(target, 'd'))],
    ['a directory that exists as a file', () => writeFileSync(join(target, 'd'), '')],
    ['a file that exists as a directory', () => mkdirSync(join(target, 'd/x'), { recursive: true })],
  ])('rejects %s', async (_name, prepare) => {
    mkdirSync(target);
    prepare();
    await expect(extract(archive({ path: 'd/x', content: 'x' }))).rejects.toMatchObject({
      code: 'VMLET_INVALID_INPUT',
      message: expect.stringMatching(/^target: .*is (not )?a directory$/) as string,
    });
    expect(readdirSync(outside)).toEqual([]);
    expect(left()).toEqual(['target']);
  });
});

/** Runs as a user without root's rights. */
async function asOrdinaryUser<T>(run: () => Promise<T>): Promise<T> {
  if (!isRoot) return run();
  process.setegid?.(1234);
  process.seteuid?.(4321);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

describe('a complete tree that cannot be put in its place', () => {
  const keep = async (bytes: Buffer, owner?: TreeOwner): Promise<CopyBackError> => {
    const whole = async (): Promise<void> => Promise.resolve();
    const failed: unknown = await extractTree(inPieces(bytes), target, whole, {
      owner,
      keepsRest: true,
    }).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(CopyBackError);
    return failed as CopyBackError;
  };
  const modeOf = (path: string): number => lstatSync(path).mode & 0o777;
  beforeEach(() => {
    mkdirSync(target);
    if (isRoot) for (const path of [parent, folder, target]) chownSync(path, 4321, 1234);
  });

  it('is kept whole beside a directory that it does not fit into, with its modes', async () => {
    mkdirSync(join(target, 'z'));
    const error = await keep(
      archive(
        { path: './', type: 'Directory', mode: 0o750 },
        { path: 'a/', type: 'Directory', mode: 0o700 },
        { path: 'a/b', content: 'x' },
        { path: 'z', content: 'x' },
      ),
    );
    expect(error).toMatchObject({
      message: `nothing was copied back to ${target}; the guest’s files are in ${target}.guest`,
      hint: `a file cannot replace a directory: move ${target}/z away, then copy the guest’s files to ${target} by hand`,
      kept: [`${target}.guest`],
    });
    expect(readFileSync(`${target}.guest/a/b`, 'utf8')).toBe('x');
    expect([`${target}.guest`, `${target}.guest/a`].map(modeOf)).toEqual([0o750, 0o700]);
    expect(readdirSync(target)).toEqual(['z']);
  });

  it('loses no file to a subdirectory that this user may not write to', async () => {
    const locked = join(target, 'm');
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    const paths = ['a/x', 'l', 'm/inner/y', 'm/z', 'n/x'];
    const directories = ['a/', 'n/', 'm/inner/'].map(
      (path) => ({ path, type: 'Directory', mode: 0o700 }) as const,
    );
    const members = paths.map((path) => ({ path, content: path }));
    const error = await asOrdinaryUser(async () => keep(archive(...directories, ...members)));
    const beside = `${target}.guest`;
    expect(error.message).toMatch(`: permission denied: ${locked}/`);
    expect(error.message).toMatch(/^(only a part|nothing) was copied back to .* in .*\/target\.guest$/);
    expect(readdirSync(locked)).toEqual([]);
    for (const path of paths) {
      const [found] = [target, beside].map((root) => join(root, path)).filter((there) => existsSync(there));
      expect(readFileSync(found ?? path, 'utf8')).toBe(path);
      if (path.includes('/x')) expect(modeOf(join(found ?? '', '..'))).toBe(0o700);
    }
    expect(modeOf(join(beside, 'm/inner'))).toBe(0o700);
    chmodSync(locked, 0o700);
  });

  it('stays in the directory when nothing can be created beside it', async () => {
    mkdirSync(join(target, 'z'));
    chmodSync(folder, 0o555);
    const [where = ''] = (await asOrdinaryUser(async () => keep(archive({ path: 'z', content: 'mine' }))))
      .kept;
    chmodSync(folder, 0o755);
    expect(where).toMatch(`${target}/.vmlet-`);
    expect(readFileSync(join(where, 'z'), 'utf8')).toBe('mine');
  });

  it('gets a name of its own for each of several copies at once', async () => {
    mkdirSync(join(target, 'z'));
    mkdirSync(`${target}.guest-2`);
    const errors = await Promise.all(
      ['1', '2', '3', '4'].map(async (content) => keep(archive({ path: 'z', content }))),
    );
    const kept = errors.flatMap((error) => error.kept);
    expect(kept.map((path) => readFileSync(join(path, 'z'), 'utf8'))).toEqual(['1', '2', '3', '4']);
    expect(kept.sort()).toEqual(['', '-3', '-4', '-5'].map((end) => `${target}.guest${end}`));
  });

  it.runIf(isRoot)('is kept where the file system refuses to give it to the owner', async () => {
    chownSync(target, 4322, 1234);
    chmodSync(target, 0o777);
    const error = await asOrdinaryUser(async () =>
      keep(archive({ path: 'a', content: 'x' }), { uid: 4322, gid: 1234 }),
    );
    expect(error.message).toBe(
      `nothing was copied back to ${target}: permission denied: ${target}; ` +
        `the guest’s files are in ${target}.guest, and belong to root`,
    );
    expect(readFileSync(join(`${target}.guest`, 'a'), 'utf8')).toBe('x');
    expect(modeOf(`${target}.guest`)).toBe(0o700);
  });

  it.runIf(isRoot)('belongs to the owner of the directory', async () => {
    mkdirSync(join(target, 'z'));
    await keep(archive({ path: './', type: 'Directory', mode: 0o750 }, { path: 'z' }), {
      uid: 4321,
      gid: 1234,
    });
    for (const path of [`${target}.guest`, `${target}.guest/z`])
      expect(lstatSync(path)).toMatchObject({ uid: 4321, gid: 1234 });
    expect(modeOf(`${target}.guest`)).toBe(0o750);
  });
});
