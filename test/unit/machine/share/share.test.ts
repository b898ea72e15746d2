import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type Share, type VolumeInput, parseShares } from '../../../../src/machine/share/share.ts';

const directory = '/home/user/project';
const squash = { kind: 'squash', uid: 0, gid: 0 };

function volume(input: VolumeInput): Share | undefined {
  return parseShares({ volumes: [input], directory })[0];
}

function mount(text: string): Share | undefined {
  return parseShares({ mounts: [text], directory })[0];
}

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof InvalidInputError) return `${error.message}\n${error.hint ?? ''}`;
    throw error;
  }
  return 'nothing was refused';
}

describe('-v SRC:DST[:OPTION,…]', () => {
  const plain = { readOnly: false, cache: 'auto', ids: squash, field: 'volumes[0]', copy: false };

  it.each([
    ['.:/src', { ...plain, source: directory, target: '/src' }],
    ['..:/src', { ...plain, source: '/home/user', target: '/src' }],
    ['./data:/data:ro', { ...plain, source: `${directory}/data`, target: '/data', readOnly: true }],
    ['/a//b/../c/:/x//y/./z/', { ...plain, source: '/a/c', target: '/x/y/z' }],
    ['./with, comma:/x', { ...plain, source: `${directory}/with, comma`, target: '/x' }],
    ['./new\nline:/x', { ...plain, source: `${directory}/new\nline`, target: '/x' }],
    ['/:/host:rw', { ...plain, source: '/', target: '/host' }],
    ['/d:/d:cache=never,ro', { ...plain, source: '/d', target: '/d', readOnly: true, cache: 'never' }],
    ['/d:/d:uid=1000', { ...plain, source: '/d', target: '/d', ids: { ...squash, uid: 1000, gid: 1000 } }],
    ['/d:/d:gid=5', { ...plain, source: '/d', target: '/d', ids: { ...squash, gid: 5 } }],
    ['/d:/d:uid=1,gid=0', { ...plain, source: '/d', target: '/d', ids: { ...squash, uid: 1 } }],
    ['/d:/d:ids=host', { ...plain, source: '/d', target: '/d', ids: { kind: 'host' } }],
    ['/d:/d:copy,ro', { ...plain, source: '/d', target: '/d', copy: true, readOnly: true }],
    ['/d:/d:', { ...plain, source: '/d', target: '/d' }],
  ])('%j', (text, expected) => {
    expect(volume(text)).toEqual(expected);
  });

  it.each([
    ['/src', 'invalid volume "/src"', '--mount type=bind'],
    ['/a:/b:ro:more', 'invalid volume', '--mount type=bind'],
    ['data:/data', '"data" is not the path of a directory', 'write ./data:/data'],
    [':/data', '"" is not the path of a directory', ''],
    ['./a:b', 'not an absolute path in the guest: "b"', ''],
    ['./a:', 'invalid volume', ''],
    ['./a:/', 'a directory cannot be shared at /', 'another path'],
    ['./a:/proc/', 'a directory cannot be shared at /proc', ''],
    ['./a:/b:Z', 'unknown option of a volume: "Z"', 'expected ro, rw, cache='],
    ['./a:/b:uid=root', 'unknown option of a volume: "uid=root"', ''],
    ['./a:/b:ro,rw', 'option given twice: "rw"', ''],
    ['./a:/b:cache=no', 'invalid volume', 'cache=auto|always|never'],
    ['./a:/b:uid=4294967295', 'invalid volume', ''],
    ['./a:/b:ids=host,uid=1', 'uid and gid cannot be used together with ids=host', ''],
    ['./a:/b:copy,cache=auto', 'cache and ids cannot be used together with copy', ''],
    ['./a:/b:copy,ids=squash', 'cache and ids cannot be used together with copy', ''],
    ['./a\0:/b', 'a path cannot contain a NUL', ''],
  ])('refuses %j', (text, problem, hint) => {
    const said = refusal(() => volume(text));
    expect(said).toContain(`volumes[0]: ${problem}`);
    expect(said).toContain(hint);
  });

  it('takes objects, whose source may contain a colon', () => {
    expect(volume({ source: './a:b', target: '/x', readOnly: true, cache: 'always', uid: 7 })).toEqual({
      field: 'volumes[0]',
      source: `${directory}/a:b`,
      target: '/x',
      readOnly: true,
      cache: 'always',
      ids: { kind: 'squash', uid: 7, gid: 7 },
      copy: false,
    });
    expect(refusal(() => volume({ source: '/a', target: '/b', other: 1 } as VolumeInput))).toContain(
      'volumes[0]: invalid volume',
    );
  });

  it('refuses two directories at one path, however it is written', () => {
    const parse = () => parseShares({ volumes: ['/a:/x', '/b:/y'], mounts: ['src=/c,dst=/x/'], directory });
    expect(refusal(parse)).toContain('mounts[0]: two directories have the same path in the guest: /x');
    expect(parseShares({ volumes: ['/a:/x', '/a:/x/y'], directory })).toHaveLength(2);
  });
});

it('takes at most eight', () => {
  const volumes = Array.from({ length: 9 }, (_, index) => `/a:/b${index}`);
  expect(refusal(() => parseShares({ volumes, directory }))).toContain(
    'too many shared directories: 9, at most 8',
  );
  expect(parseShares({ volumes: volumes.slice(1), directory })).toHaveLength(8);
});

describe('--mount', () => {
  it.each([
    ['type=bind,src=./a:b,dst=/x', { source: `${directory}/a:b`, target: '/x', readOnly: false }],
    ['source=/a,target=/x,readonly', { source: '/a', target: '/x', readOnly: true }],
    ['src=/a,destination=/x,ro=true', { source: '/a', target: '/x', readOnly: true }],
    ['src=/a,dst=/x,ro=false', { source: '/a', target: '/x', readOnly: false }],
    ['type=bind,"src=/a,""b""",dst=/x', { source: '/a,"b"', target: '/x' }],
    ['src=/a=b,dst=/x,cache=never', { source: '/a=b', target: '/x', cache: 'never' }],
  ])('%j', (text, expected) => {
    expect(mount(text)).toMatchObject({ field: 'mounts[0]', ...expected });
  });

  it.each([
    ['', 'invalid mount ""', 'quote a field'],
    ['dst=/x', 'invalid mount', 'expected type=bind'],
    ['src=/a', 'invalid mount', 'expected type=bind'],
    ['type=volume,src=a,dst=/x', 'unknown type of mount: volume', 'expected type=bind'],
    ['src=/a,dst=/x,size=1', 'unknown option of a volume: "size=1"', ''],
    ['src=/a,,dst=/x', 'invalid mount', 'quote a field'],
    ['src=/a,"dst=/x', 'invalid mount', 'quote a field'],
  ])('refuses %j', (text, problem, hint) => {
    const said = refusal(() => mount(text));
    expect(said).toContain(`mounts[0]: ${problem}`);
    expect(said).toContain(hint);
  });
});
