import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Header, type HeaderData } from 'tar';
import { beforeEach, describe, expect, it, test } from 'vitest';
import { extractTree } from '../../../../src/machines/guest/tree/extract-tree.ts';
import { makeTemporaryDirectory, temporaryDirectory } from '../../../directory.ts';

const parent = temporaryDirectory();
let folder: string, target: string, outside: string;
beforeEach(() => {
  folder = makeTemporaryDirectory(parent).path;
  target = join(folder, 'target');
  outside = join(folder, 'outside');
  mkdirSync(outside);
});

interface Member extends HeaderData {
  readonly content?: string | Buffer;
}

function member({ content = '', ...header }: Member): Buffer {
  const data = Buffer.from(content);
  const block = Buffer.alloc(512);
  new Header({ mode: 0o644, size: data.length, mtime: new Date(1e12), type: 'File', ...header }).encode(
    block,
  );
  return Buffer.concat([block, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

const END = Buffer.alloc(1024);
const archive = (...members: Member[]): Buffer => Buffer.concat([...members.map(member), END]);

async function* inPieces(bytes: Buffer, size = 700): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

const extract = async (bytes: Buffer, isComplete = async () => Promise.resolve()): Promise<number> =>
  extractTree(inPieces(bytes), target, isComplete);

/** What is in the folder besides what the test has put there. */
const left = (): string[] => readdirSync(folder).filter((name) => name !== 'outside');

describe('an archive', () => {
  it('becomes files, directories and links, with modes and times', async () => {
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
  });

  it('keeps holes for zeros', async () => {
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

  it('has no privileged programs, and no devices, FIFOs or sockets', async () => {
    const skipped = await extract(
      archive(
        { path: 'setuid', content: 'x', mode: 0o6755 },
        { path: 'disk', type: 'BlockDevice', devmaj: 8, devmin: 0 },
        { path: 'null', type: 'CharacterDevice', devmaj: 1, devmin: 3 },
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
    ['a directory of ..', [{ path: '..', type: 'Directory' }]],
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
      'a file in the place of a directory',
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

test('a sender that failed, or a connection that is lost, leaves nothing', async () => {
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

describe('an existing directory', () => {
  it('is merged into, and links in it are not followed', async () => {
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

  it.each([
    ['a directory that is a link there', () => symlinkSync(outside, join(target, 'd'))],
    ['a directory that is a file there', () => writeFileSync(join(target, 'd'), '')],
    ['a file that is a directory there', () => mkdirSync(join(target, 'd/x'), { recursive: true })],
  ])('refuses %s', async (_name, prepare) => {
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
