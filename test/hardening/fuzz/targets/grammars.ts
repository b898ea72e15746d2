import fc from 'fast-check';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { parseSubnet } from '../../../../src/network/ethernet/subnet.ts';
import { canonicalIpv6, isIpv4 } from '../../../../src/network/ports/ip-address.ts';
import { formatPort, parsePortForwards } from '../../../../src/network/ports/port.ts';
import { isDiskSize, parseDiskSize } from '../../../../src/images/qemu-img/disk-size.ts';
import {
  formatPublishedDigest,
  parsePublishedDigest,
} from '../../../../src/images/digest/published-digest.ts';
import { formatImageReference, parseImageReference } from '../../../../src/images/record/reference.ts';
import { parseDiskSpec } from '../../../../src/machine/spec/disk-spec.ts';
import { parseKeys } from '../../../../src/machine/screen/keys.ts';
import { parseMemory } from '../../../../src/machine/spec/memory-size.ts';
import { mutatedText } from '../mutate.ts';
import { jsonTarget, must, same } from '../target.ts';

/** A text of the grammar, one that is nearly valid, or any text. */
function texts(right: readonly string[], tokens: readonly string[], own?: fc.Arbitrary<string>) {
  const near = mutatedText(right, tokens);
  const pieces = fc.array(fc.constantFrom(...tokens), { maxLength: 12 }).map((parts) => parts.join(''));
  const any = [fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })];
  // A rejected value is quoted in full, and users do not type more than this.
  return fc
    .oneof(near, near, pieces, pieces, ...any, ...(own ? [own, own] : []))
    .map((text) => text.slice(0, 400));
}

/** @returns the parsed value, or undefined if it was rejected by one clear sentence. */
export function refusedOr<Result>(read: () => Result): Result | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    clear(error);
    return undefined;
  }
}

/** A message has no line breaks or control characters, whatever the input was. */
export function clear(error: Error): void {
  must(error.message.length > 0 && error.message.length < 8000, `a message of ${error.message.length}`);
  // Terminal control characters are escaped.
  must(!/[\u0000-\u001f]/.test(error.message), `control characters in ${JSON.stringify(error.message)}`);
}

const octet = fc.integer({ min: 0, max: 256 }).map(String);
const ports = fc.oneof(
  fc.integer({ min: 0, max: 65_536 }).map(String),
  fc.constantFrom('', '00080', '8000-8010'),
);

export const portTarget = jsonTarget<string[]>({
  name: 'ports',
  what: 'published ports: the grammar of `-p`',
  expected: ['taken', 'refused'],
  arbitrary: fc.array(
    texts(
      [
        '8080:80',
        '80',
        '127.0.0.1:8080:80/tcp',
        '[::1]:53:53/udp',
        '0.0.0.0::22',
        '8000-8010:9000-9010',
        ':80',
      ],
      [
        ':',
        '/',
        'tcp',
        'udp',
        '[',
        ']',
        '::',
        '-',
        '0',
        '80',
        '65535',
        '127.0.0.1',
        'fe80::1',
        '::ffff:1.2.3.4',
        '%eth0',
      ],
      fc
        .tuple(
          fc.oneof(
            fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.')),
            fc.ipV6().map((address) => `[${address}]`),
          ),
          ports,
          ports,
          fc.constantFrom('', '/tcp', '/udp', '/TCP'),
        )
        .map(([address, host, guest, protocol]) => `${address}:${host}:${guest}${protocol}`),
    ),
    { maxLength: 3 },
  ),
  check(texts) {
    const forwards = refusedOr(() => parsePortForwards(texts));
    if (!forwards) return 'refused';
    for (const { hostAddress, hostPort = 1, guestPort } of forwards) {
      must(isIpv4(hostAddress) || canonicalIpv6(hostAddress) === hostAddress, `listens on ${hostAddress}`);
      for (const port of [hostPort, guestPort]) must(port >= 1 && port <= 65_535, `has port ${port}`);
    }
    same(parsePortForwards(forwards.map(formatPort)), forwards, 'what was printed is read otherwise');
    same(parsePortForwards(forwards), forwards, 'objects are read otherwise than text');
    return 'taken';
  },
});

export const sizeTarget = jsonTarget<string>({
  name: 'sizes',
  what: 'sizes of disks and memory',
  expected: ['taken', 'refused'],
  arbitrary: texts(
    ['2G', '512M', '1.5GiB', '1048576', '0.5k', '9007199254740992', '1T', '512B'],
    ['0', '1', '9', '.', 'K', 'M', 'G', 'T', 'P', 'i', 'B', '-', '+', 'e', ' ', '000', '99999999', 'E'],
    fc
      .tuple(fc.bigInt({ min: 0n, max: 1n << 60n }), fc.constantFrom('', 'K', 'm', 'GiB', 'tb', 'P', 'B'))
      .map(([number, unit]) => `${number}${unit}`),
  ),
  check(text) {
    const memory = refusedOr(() => parseMemory(text));
    if (memory !== undefined) {
      must(
        Number.isSafeInteger(memory) && memory >= 32 * 2 ** 20 && memory % 2 ** 20 === 0,
        `memory of ${memory}`,
      );
      same(parseMemory(memory), memory, 'memory is read otherwise the second time');
    }
    const bytes = refusedOr(() => parseDiskSize(text, 'disk'));
    if (bytes === undefined) return 'refused';
    must(isDiskSize(text), 'a size is taken for no size');
    must(Number.isSafeInteger(bytes) && bytes > 0 && bytes % 512 === 0, `a size of ${bytes}`);
    same(parseDiskSize(String(bytes), 'disk'), bytes, 'the size in bytes is another size');
    same(parseDiskSize(text.toLowerCase(), 'disk'), bytes, 'case matters');
    // The memory of a size is that size, rounded up to a mebibyte.
    if (bytes >= 32 * 2 ** 20 && bytes < 2 ** 52) {
      same(memory, Math.ceil(bytes / 2 ** 20) * 2 ** 20, 'memory is counted otherwise than disks');
    }
    return 'taken';
  },
});

export const diskTarget = jsonTarget<string>({
  name: 'disks',
  what: 'disks: the grammar of `--disk`',
  expected: ['size', 'file', 'refused'],
  arbitrary: texts(
    ['2G', 'a.qcow2', '/x/y,format=raw', 'c.ISO,readonly', 'd.img,format=qcow2,trusted,readonly', 'a,b.raw'],
    [',', 'format=', 'qcow2', 'raw', 'readonly', 'trusted', '.', '/', '=', ',,', '.iso', '\0', '\n', '2G'],
  ),
  check(text) {
    const disk = refusedOr(() => parseDiskSpec(text, 'disk'));
    if (!disk) return 'refused';
    same(parseDiskSpec(disk, 'disk'), disk, 'the object is read otherwise than its text');
    if ('sizeBytes' in disk) return 'size';
    const { path, format, readOnly = false, trusted = false } = disk;
    must(text.startsWith(path), 'a path that is not in the text');
    const options = [`format=${format}`, ...(readOnly ? ['readonly'] : []), ...(trusted ? ['trusted'] : [])];
    // A written path that ends like an option would be parsed as one.
    same(parseDiskSpec([path, ...options].join(','), 'disk'), disk, 'what was printed is read otherwise');
    return 'file';
  },
});

export const referenceTarget = jsonTarget<string>({
  name: 'references',
  what: 'names of images and digests',
  expected: ['image', 'digest', 'refused'],
  arbitrary: texts(
    [
      'debian:13',
      'web',
      'a.b_c-d:X.1',
      `sha256:${'a'.repeat(64)}`,
      `SHA512:${'0'.repeat(128)}`,
      'F'.repeat(64),
    ],
    [':', '/', '.', '-', '_', 'a', 'Z', '9', 'sha256:', 'sha512:', 'md5:', ' ', '\n', '..'],
  ),
  check(text) {
    const digest = refusedOr(() => parsePublishedDigest(text));
    if (digest) {
      same(parsePublishedDigest(formatPublishedDigest(digest)), digest, 'a digest is read otherwise');
      must(/^[0-9a-f]+$/.test(digest.hex), `the digits ${digest.hex}`);
    }
    const reference = refusedOr(() => parseImageReference(text));
    if (!reference) return digest ? 'digest' : 'refused';
    same(formatImageReference(reference), text, 'an image has another name');
    return 'image';
  },
});

export const keysTarget = jsonTarget<string>({
  name: 'keys',
  what: 'key combinations of `sendkey`',
  expected: ['taken', 'refused'],
  arbitrary: texts(
    ['ctrl-alt-f2', 'ctrl+c', 'KEY_LEFTCTRL-a', 'meta_l', 'enter', ';'],
    ['-', '+', 'ctrl', 'alt', 'KEY_', 'shift', 'a', '1', ' ', 'esc', 'toString', '__proto__', 'constructor'],
  ),
  check(text) {
    const keys = refusedOr(() => parseKeys(text));
    if (!keys) return 'refused';
    must(keys.length > 0 && keys.every((key) => typeof key === 'string'), 'keys without a name');
    same(parseKeys(keys.join('-')), keys, 'what was printed is read otherwise');
    same(parseKeys(text.toUpperCase()), keys, 'case matters');
    return 'taken';
  },
});

export const subnetTarget = jsonTarget<string>({
  name: 'subnets',
  what: 'IPv4 networks of private networks',
  expected: ['taken', 'refused'],
  arbitrary: texts(
    ['10.77.0.0/24', '192.168.1.128/30', '0.0.0.0/16', '255.255.255.252/30'],
    ['.', '/', '0', '10', '255', '256', '24', '30', '16', '00'],
    fc.tuple(fc.nat(0xffff_ffff), fc.integer({ min: 14, max: 32 })).map(([address, bits]) => {
      const first = bits === 32 ? address : Math.floor(address / 2 ** (32 - bits)) * 2 ** (32 - bits);
      return `${[24, 16, 8, 0].map((shift) => (first >>> shift) & 255).join('.')}/${bits}`;
    }),
  ),
  check(text) {
    const subnet = refusedOr(() => parseSubnet(text));
    if (!subnet) return 'refused';
    must(
      subnet.first >= 0 && subnet.last <= 0xffff_ffff && subnet.first < subnet.last,
      `runs to ${subnet.last}`,
    );
    same(
      subnet.last - subnet.first + 1,
      2 ** (32 - subnet.prefix),
      'has another length than its prefix says',
    );
    return 'taken';
  },
});
