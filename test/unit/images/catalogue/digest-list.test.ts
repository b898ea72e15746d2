import { describe, expect, it } from 'vitest';
import {
  parseBareDigest,
  parseDebianDescription,
  parseDigestList,
} from '../../../../src/images/catalogue/digest-list.ts';

const A = 'a'.repeat(64);
const B = '0123456789abcdef'.repeat(4);

describe('a list of digests', () => {
  it.each([
    ['as sha256sum writes it', `${A}  disk.img`, 'disk.img'],
    ['of binary files', `${A} *disk.img`, 'disk.img'],
    ['with one space, or a tab', `${A}\tdisk.img`, 'disk.img'],
    ['in BSD format', `SHA256 (disk.img) = ${A}`, 'disk.img'],
    ['in BSD format, packed', `sha256(disk.img)=${A}`, 'disk.img'],
    ['of a file in this directory', `${A}  ./disk.img`, 'disk.img'],
    ['of a file elsewhere', `${A}  images/disk.img`, 'images/disk.img'],
    ['of a name with brackets and spaces', `SHA256 (disk (1).img) = ${A}`, 'disk (1).img'],
    ['in capitals', `${A.toUpperCase()}  disk.img`, 'disk.img'],
    ['with white space at its end', `${A}  disk.img \t\r`, 'disk.img'],
  ])('%s', (_, line, name) => {
    expect(parseDigestList(`${line}\n`, 'sha256')).toEqual([{ name, hex: A }]);
  });

  it('is parsed in order, without other lines', () => {
    const text = [
      '# disk.img: 5 bytes',
      `SHA256 (disk.img) = ${A}`,
      '',
      'Hash: SHA256',
      `${B}  other.img`,
      `SHA512 (disk.img) = ${A}${A}`,
      `${A}${A}  disk.img`,
      A,
      `SHA256 () = ${A}`,
      `SHA256 (disk.img) = ${A}0`,
      ` ${A}  disk.img`,
    ].join('\r\n');
    expect(parseDigestList(text, 'sha256')).toEqual([
      { name: 'disk.img', hex: A },
      { name: 'other.img', hex: B },
    ]);
  });

  it('of sha512 has twice as many digits', () => {
    expect(parseDigestList(`${A}${B}  disk.img\n${A}  disk.img\n`, 'sha512')).toEqual([
      { name: 'disk.img', hex: `${A}${B}` },
    ]);
  });
});

describe('a digest alone', () => {
  it.each([
    [`${A}\n`, A],
    [` ${A.toUpperCase()} `, A],
    [`${A}  disk.img`, undefined],
    [`${A}\n${A}`, undefined],
    [A.slice(1), undefined],
    [`${A}0`, undefined],
    [`${A.slice(1)}g`, undefined],
    ['', undefined],
  ])('%j', (text, hex) => {
    expect(parseBareDigest(text, 'sha256')).toBe(hex);
  });
});

describe('Debian’s description of a build', () => {
  const upload = (ref: string | undefined, digest: string | undefined, kind = 'Upload'): unknown => ({
    kind,
    data: { ref },
    metadata: digest === undefined ? {} : { annotations: { 'cloud.debian.org/digest': digest } },
  });
  const base64 = Buffer.from(B, 'hex').toString('base64');

  it('contains the uploads with a digest of the algorithm', () => {
    const text = JSON.stringify({
      items: [
        { kind: 'Build', data: { info: { arch: 'amd64' } } },
        upload('trixie/1/disk.tar.xz', `sha512:${base64}`),
        upload('trixie/1/disk.raw', undefined),
        upload(undefined, `sha256:${base64}`),
        upload('trixie/1/disk.qcow2', `sha256:${base64}`),
        upload('trixie/1/disk.img', `sha256:${base64.replace(/=+$/, '')}`),
        upload('trixie/1/short.qcow2', `sha256:${base64.slice(4)}`),
        upload('trixie/1/build.qcow2', `sha256:${base64}`, 'Build'),
      ],
    });
    expect(parseDebianDescription(text, 'sha256')).toEqual([
      { name: 'trixie/1/disk.qcow2', hex: B },
      { name: 'trixie/1/disk.img', hex: B },
    ]);
  });

  it.each(['', '[]', '{}', '{"items": 1}', '{"items": [{"kind": 1}]}', 'null', 'not JSON'])(
    'is rejected as %j',
    (text) => {
      expect(() => parseDebianDescription(text, 'sha256')).toThrow();
    },
  );
});
