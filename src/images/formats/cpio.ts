/** One member of an archive. Paths are relative, without a leading "./"; `mode` has permission bits only. */
export type CpioEntry =
  | { readonly type: 'directory'; readonly path: string; readonly mode: number }
  | { readonly type: 'file'; readonly path: string; readonly mode: number; readonly data: Uint8Array }
  | { readonly type: 'symlink'; readonly path: string; readonly target: string }
  | {
      readonly type: 'character-device';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const TYPE_BITS = { directory: 0o040000, file: 0o100000, symlink: 0o120000, 'character-device': 0o020000 };
const TRAILER = 'TRAILER!!!';

/**
 * Creates a cpio archive in the "newc" format, which Linux unpacks as an initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * The same entries in the same order give the same bytes: the owner is root and all times are the epoch.
 * A directory has to precede its contents.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const pieces: Buffer[] = [];
  entries.forEach((entry, index) => pieces.push(...member(entry, index + 1)));
  pieces.push(header({ inode: 0, mode: 0, links: 1, size: 0, major: 0, minor: 0 }, TRAILER));
  return Buffer.concat(pieces);
}

function member(entry: CpioEntry, inode: number): Buffer[] {
  const data = contents(entry);
  const permissions = entry.type === 'symlink' ? 0o777 : entry.mode;
  const device = entry.type === 'character-device' ? entry : { major: 0, minor: 0 };
  const head = header(
    {
      inode,
      mode: TYPE_BITS[entry.type] | permissions,
      links: entry.type === 'directory' ? 2 : 1,
      size: data.length,
      major: device.major,
      minor: device.minor,
    },
    entry.path,
  );
  return [head, data, padding(data.length)];
}

function contents(entry: CpioEntry): Buffer {
  if (entry.type === 'file') return Buffer.from(entry.data.buffer, entry.data.byteOffset, entry.data.length);
  return entry.type === 'symlink' ? Buffer.from(entry.target) : Buffer.alloc(0);
}

interface Fields {
  readonly inode: number;
  readonly mode: number;
  readonly links: number;
  readonly size: number;
  readonly major: number;
  readonly minor: number;
}

function header(fields: Fields, path: string): Buffer {
  const name = Buffer.from(`${path}\0`);
  const numbers = [
    fields.inode,
    fields.mode,
    0, // uid
    0, // gid
    fields.links,
    0, // mtime
    fields.size,
    0, // major and
    0, // minor number of the device that holds the file
    fields.major,
    fields.minor,
    name.length,
    0, // checksum, unused in this format
  ];
  const text = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`;
  const head = Buffer.concat([Buffer.from(text), name]);
  return Buffer.concat([head, padding(head.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
