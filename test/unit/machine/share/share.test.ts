import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type MountSet, parseMount, parseMounts } from '../../../../src/machine/share/mount-set.ts';
import type { VolumeInput } from '../../../../src/machine/mount/volume-spec.ts';

const directory = '/home/user/project';
const squash = { kind: 'squash', uid: 0, gid: 0 };

/** The only mount of a set. */
function only({ shares, volumes, tmpfs }: MountSet): object {
  const [mount, ...others] = [...shares, ...volumes, ...tmpfs];
  if (mount === undefined || others.length > 0) throw new Error('expected one mount');
  return mount;
}

function volume(input: VolumeInput): object {
  return only(parseMounts({ volumes: [input], directory }));
}

function mount(text: string): object {
  return only(parseMounts({ mounts: [text], directory }));
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
    ['/d:/d:uid=web', { ...plain, source: '/d', target: '/d', ids: { kind: 'user', user: 'web' } }],
    ['/d:/d:uid=web,gid=5', { ...plain, source: '/d', target: '/d', ids: { kind: 'user', user: 'web:5' } }],
    ['/d:/d:gid=web', { ...plain, source: '/d', target: '/d', ids: { kind: 'user', user: '0:web' } }],
    ['/d:/d:ids=host', { ...plain, source: '/d', target: '/d', ids: { kind: 'host' } }],
    ['/d:/d:copy,ro', { ...plain, source: '/d', target: '/d', copy: true, readOnly: true }],
    ['/d:/d:', { ...plain, source: '/d', target: '/d' }],
  ])('%j', (text, expected) => {
    expect(volume(text)).toEqual(expected);
  });

  it.each([
    ['.', 'the path in the guest is missing: "."', 'expected SRC:DST[:OPTION[,OPTION…]]$'],
    ['/src', 'the path in the guest is missing: "/src"', ''],
    ['./a:', 'the path in the guest is missing: "./a:"', ''],
    ['./a::ro', 'the path in the guest is missing: "./a::ro"', ''],
    ['/a:/b:ro:more', 'too many colons: "/a:/b:ro:more"', '--mount type=bind'],
    [':/data', 'the directory or volume is missing: ":/data"', 'expected SRC:DST'],
    ['./co:lon:/c', 'invalid option "/c"', 'for a path with a colon, use --mount type=bind'],
    ['a b:/data', 'invalid volume name "a b"', 'give a path with a slash'],
    ['cache:/data:cache=auto', 'option cache does not apply to a volume', ''],
    ['cache:/data:copy', 'option copy does not apply to a volume', ''],
    ['cache:/data:size=1M', '1M is too small for a volume', 'at least 8M'],
    ['cache:/data:size=x', 'invalid size "x"', ''],
    ['./a:/data:size=1G', 'option size does not apply to a directory of the host', ''],
    ['./a:b', 'not an absolute path in the guest: "b"', ''],
    ['./a:/', 'nothing can be mounted at / in the guest', 'another path'],
    ['./a:/proc/', 'nothing can be mounted at /proc in the guest', ''],
    ['./a:/b:Z', 'invalid option "Z"', 'ids=squash|host and copy$'],
    ['cache:/b:Z', 'invalid option "Z"', 'the options are ro, rw, size=SIZE, uid=N and gid=N$'],
    ['./a:/b:uid=-1', 'invalid option "uid=-1": expected a number or a name', ''],
    ['./a:/b:gid=1x', 'invalid option "gid=1x": expected a number or a name', ''],
    ['cache:/b:uid=web', 'uid and gid of a volume must be numbers', 'uid=N,gid=N'],
    ['cache:/b:uid=1,gid=web', 'uid and gid of a volume must be numbers', ''],
    ['./a:/b:ro,rw', 'option given twice: "rw"', ''],
    ['./a:/b:cache=no', 'invalid option "cache=no": expected auto, always or never', ''],
    ['./a:/b:uid=4294967295', 'uid=4294967295 is too large', 'the highest number is 4294967294'],
    ['cache:/b:gid=99999999999', 'gid=99999999999 is too large', ''],
    ['./a:/b:ids=host,uid=1', 'ids=host cannot be used together with uid or gid', 'leave out uid and gid'],
    ['./a:/b:copy,cache=auto', 'copy cannot be used together with cache or ids', 'leave out cache and ids'],
    ['./a:/b:copy,ids=squash', 'copy cannot be used together with cache or ids', ''],
    ['./a\0:/b', 'a path cannot contain a NUL', ''],
  ])('rejects %j', (text, problem, hint) => {
    const said = refusal(() => volume(text));
    expect(said).toContain(`volumes[0]: ${problem}`);
    // A dollar sign is the end of the hint.
    expect(`${said}$`).toContain(hint);
  });

  it('accepts objects, whose source may contain a colon', () => {
    expect(volume({ source: './a:b', target: '/x', readOnly: true, cache: 'always', uid: 7 })).toEqual({
      field: 'volumes[0]',
      source: `${directory}/a:b`,
      target: '/x',
      readOnly: true,
      cache: 'always',
      ids: { kind: 'squash', uid: 7, gid: 7 },
      copy: false,
    });
    expect(volume({ source: '/a', target: '/x', uid: 1, gid: 'web' })).toMatchObject({
      ids: { kind: 'user', user: '1:web' },
    });
    expect(refusal(() => volume({ source: '/a', target: '/b', uid: 'a b' }))).toContain('invalid volume');
    expect(refusal(() => volume({ source: '/a', target: '/b', mode: 0o700 }))).toContain(
      'option mode does not apply to a directory of the host',
    );
    expect(refusal(() => volume({ source: '/a', target: '/b', other: 1 } as VolumeInput))).toContain(
      'volumes[0]: invalid volume',
    );
  });

  it('rejects two directories at one path, however it is written', () => {
    const parse = () => parseMounts({ volumes: ['/a:/x', '/b:/y'], mounts: ['src=/c,dst=/x/'], directory });
    expect(refusal(parse)).toContain('mounts[0]: two mounts have the same path in the guest: /x');
    expect(parseMounts({ volumes: ['/a:/x', '/a:/x/y'], directory }).shares).toHaveLength(2);
  });
});

it('accepts at most eight shares', () => {
  const volumes = Array.from({ length: 9 }, (_, index) => `/a:/b${index}`);
  expect(refusal(() => parseMounts({ volumes, directory }))).toContain(
    'too many shared directories and volumes: 9 (limit: 8)',
  );
  expect(parseMounts({ volumes: volumes.slice(1), directory }).shares).toHaveLength(8);
  const copies = volumes.map((volume) => `${volume}/copy:copy`);
  expect(parseMounts({ volumes: [...volumes.slice(1), ...copies], directory }).shares).toHaveLength(17);
});

describe('--mount', () => {
  it.each([
    ['type=bind,src=./a:b,dst=/x', { source: `${directory}/a:b`, target: '/x', readOnly: false }],
    ['source=/a,target=/x,readonly', { source: '/a', target: '/x', readOnly: true }],
    ['source=/a,target=/x,rw=false', { source: '/a', target: '/x', readOnly: true }],
    ['source=/a,target=/x,rw=true', { source: '/a', target: '/x', readOnly: false }],
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
    ['type=volume,dst=/x', 'invalid mount', 'expected type=volume,src=NAME'],
    ['type=volume,src=./a,dst=/x', 'invalid volume name "./a"', ''],
    ['type=bind,src=/a,dst=', 'invalid mount "type=bind,src=/a,dst="', 'expected type=bind'],
    ['type=tmpfs,dst=/x,Z', 'invalid option "Z"', 'tmpfs-size=SIZE, tmpfs-mode=MODE, uid=N and gid=N'],
    ['src=/a,dst=/x,uid=4294967295', 'uid=4294967295 is too large', ''],
    ['type=tmpfs,src=a,dst=/x', 'invalid mount', 'expected type=tmpfs,dst=DST'],
    ['type=tmpfs,dst=/x,cache=auto', 'option cache does not apply to tmpfs', ''],
    ['type=tmpfs,dst=/x,tmpfs-mode=9', 'invalid option "mode=9": expected an octal number', ''],
    ['type=tmpfs,dst=/x,tmpfs-size=lots', 'invalid size "lots"', ''],
    ['type=devpts,dst=/x', 'unknown type of mount: devpts', 'expected type=bind'],
    ['src=/a,dst=/x,size=1', 'option size does not apply to a directory of the host', ''],
    ['src=/a,,dst=/x', 'invalid mount', 'quote a field'],
    ['src=/a,b/c,dst=/x', 'invalid option "b/c"', 'quote a field that contains a comma'],
    ['src=/a,"dst=/x', 'invalid mount', 'quote a field'],
  ])('rejects %j', (text, problem, hint) => {
    const said = refusal(() => mount(text));
    expect(said).toContain(`mounts[0]: ${problem}`);
    expect(said).toContain(hint);
  });
});

describe('named volumes', () => {
  const plain = { name: 'cache', target: '/c', readOnly: false, sizeBytes: 10 * 1024 ** 3 };

  it.each<[string, object]>([
    ['cache:/c', { ...plain, owner: { uid: 0, gid: 0 } }],
    ['cache:/c/:ro', { ...plain, readOnly: true }],
    ['a.b_C-1:/c:size=64m', { ...plain, name: 'a.b_C-1', sizeBytes: 64 * 1024 ** 2 }],
    ['cache:/c:uid=1000', { ...plain, owner: { uid: 1000, gid: 1000 } }],
    ['cache:/c:uid=1000,gid=5', { ...plain, owner: { uid: 1000, gid: 5 } }],
  ])('-v %j', (text, expected) => {
    expect(volume(text)).toMatchObject({ field: 'volumes[0]', ...expected });
  });

  it('are the same as --mount and as objects, and type decides what a name means', () => {
    const { field: _field, ...expected } = volume('cache:/c:ro') as { field: string };
    expect(mount('type=volume,src=cache,dst=/c,ro')).toEqual({ field: 'mounts[0]', ...expected });
    expect(volume({ source: 'cache', target: '/c', readOnly: true })).toMatchObject(expected);
    expect(volume({ type: 'bind', source: 'cache', target: '/c' })).toMatchObject({
      source: `${directory}/cache`,
    });
  });

  it('can be mounted only once', () => {
    const parse = () => parseMounts({ volumes: ['a:/x', 'a:/y'], directory });
    expect(refusal(parse)).toContain('volumes[1]: the same volume is mounted twice: a');
  });
});

it('--mount type=tmpfs accepts podman’s size and mode', () => {
  expect(mount('type=tmpfs,dst=/x')).toEqual({
    field: 'mounts[0]',
    target: '/x',
    readOnly: false,
    options: 'mode=1777,uid=0,gid=0',
  });
  expect(mount('type=tmpfs,destination=/x,tmpfs-size=64m,tmpfs-mode=0750,uid=7,ro')).toMatchObject({
    readOnly: true,
    options: 'mode=750,uid=7,gid=7,size=67108864',
  });
  expect(volume({ type: 'tmpfs', target: '/x', size: 4096, mode: 0o700 })).toMatchObject({
    options: 'mode=700,uid=0,gid=0,size=4096',
  });
});

describe('one mount in either grammar', () => {
  it.each([
    ['./a:/b:ro', { source: `${directory}/a`, target: '/b', readOnly: true }],
    ['type=bind,src=./a,dst=/b', { source: `${directory}/a`, target: '/b', readOnly: false }],
    ['./type=x:/b', { source: `${directory}/type=x`, target: '/b' }],
    ['cache:/b', { name: 'cache', target: '/b' }],
    ['type=tmpfs,dst=/b', { target: '/b', options: 'mode=1777,uid=0,gid=0' }],
    [
      { source: './a', target: '/b' },
      { source: `${directory}/a`, target: '/b' },
    ],
  ])('%j', (input, expected) => {
    expect(only(parseMount(input, 'share', directory))).toMatchObject({ ...expected, field: 'share' });
  });

  it('is refused in the grammar that it is in', () => {
    expect(refusal(() => parseMount('type=bind,src=./a', 'share', directory))).toContain(
      'expected type=bind,src=SRC,dst=DST',
    );
    expect(refusal(() => parseMount('./a', 'share', directory))).toContain('expected SRC:DST');
  });
});
