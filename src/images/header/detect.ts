import type { HeaderReader } from './formats/byte-source.ts';
import type { UnderstoodFormat } from './formats/image-header.ts';

/** The content of a file: a supported format, or a description of something that is not for a guest. */
export type Content =
  | { readonly kind: 'image'; readonly format: UnderstoodFormat }
  /** `advice` is a hint for the user, if there is any. */
  | { readonly kind: 'other'; readonly name: string; readonly advice?: string | undefined };

/** The size that QEMU probes (BLOCK_PROBE_BUF_SIZE), and enough for every signature here. */
const HEAD_BYTES = 2048;
const TRAILER_BYTES = 512;
/** ECMA-119 6.2.1. */
const ISO_DESCRIPTOR = 16 * 2048;
const UNPACK = 'unpack it first';

type Signature = readonly [at: number, signature: Buffer | string, content: Content];

const image = (format: UnderstoodFormat): Content => ({ kind: 'image', format });
const other = (name: string, advice?: string): Content => ({ kind: 'other', name, advice });

/** Formats that QEMU would detect at the start of a file, none of which may pass as a raw disk. */
const GUESSED_BY_QEMU: readonly Signature[] = [
  [0, 'KDMV', image('vmdk')],
  [0, 'COWD', image('vmdk')],
  [0, 'conectix', image('vpc')],
  [0, 'vhdxfile', image('vhdx')],
  [0, 'QED\0', image('qed')],
  [0, 'LUKS\xba\xbe', image('luks')],
  [64, '\x7f\x10\xda\xbe', image('vdi')],
  [0, 'WithoutFreeSpace', other('a Parallels disk')],
  [0, 'WithouFreSpacExt', other('a Parallels disk')],
  [0, 'Bochs Virtual HD Image', other('a Bochs disk')],
  [0, '#!/bin/sh\n#V2.0 Format\nmodprobe cloop', other('a cloop image')],
];

const NOT_DISKS: readonly Signature[] = [
  [0, '\x1f\x8b', other('compressed with gzip', `${UNPACK}: gunzip FILE`)],
  [0, '\xfd7zXZ\0', other('compressed with xz', `${UNPACK}: unxz FILE`)],
  [0, '\x28\xb5\x2f\xfd', other('compressed with zstd', `${UNPACK}: unzstd FILE`)],
  [0, 'BZh', other('compressed with bzip2', `${UNPACK}: bunzip2 FILE`)],
  [0, '\x04\x22\x4d\x18', other('compressed with lz4', `${UNPACK}: unlz4 FILE`)],
  [0, 'LZIP', other('compressed with lzip', `${UNPACK}: lzip -d FILE`)],
  [0, 'PK\x03\x04', other('a zip archive', UNPACK)],
  [0, '7z\xbc\xaf\x27\x1c', other('a 7z archive', UNPACK)],
  [0, 'Rar!\x1a\x07', other('a rar archive', UNPACK)],
  [257, 'ustar', other('a tar archive (such as an .ova file)', `${UNPACK}: tar -xf FILE`)],
  [0, '!<arch>\n', other('an ar archive (such as a Debian package)')],
  [0, '\xed\xab\xee\xdb', other('an RPM package')],
  [0, '\x3a\xff\x26\xed', other('an Android sparse image', `${UNPACK}: simg2img FILE NEW`)],
  [0, 'VMA\0', other('a Proxmox backup', `${UNPACK}: vma extract FILE DIRECTORY`)],
  [0, 'MSWIM\0\0\0', other('a Windows image archive (WIM)')],
  [0, '\x7fELF', other('an ELF program')],
  [0, '%PDF-', other('a PDF document')],
  [
    0,
    'version https://git-lfs',
    other('a Git LFS pointer', 'to get the real file, run this command in its Git repository: git lfs pull'),
  ],
];

const HTML = /^(?:\xef\xbb\xbf)?\s*(?:<!--.{0,512}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b/is;
const XML = /^(?:\xef\xbb\xbf)?\s*<\?xml\b/i;
/** Matches what QEMU detects as a vmdk (block/vmdk.c): comments and blank lines, then the version. */
const VMDK_TEXT = /^(?:#[^\n]*\n| *\r?\n)*version=[123]\r?\n/;
const VMDK_TITLE = /^# ?Disk DescriptorFile/i;

/** Detects a file's content by its signature; undefined for data without a format, such as a raw disk. */
export async function detectContent(reader: HeaderReader): Promise<Content | undefined> {
  const head = (await reader.upTo(0, HEAD_BYTES, 'its start')).toString('latin1');
  return (
    qcowOf(head) ??
    bySignature(GUESSED_BY_QEMU, head) ??
    byText(head) ??
    bySignature(NOT_DISKS, head) ??
    (await byTrailer(reader)) ??
    (await byVolume(reader))
  );
}

function qcowOf(head: string): Content | undefined {
  if (!head.startsWith('QFI\xfb')) return undefined;
  // Version 1 has another layout and is obsolete.
  return head.startsWith('\0\0\0\x01', 4)
    ? other(
        'a qcow image of version 1',
        'if you trust the image, convert it: qemu-img convert -f qcow -O qcow2 IMAGE NEW',
      )
    : image('qcow2');
}

function bySignature(signatures: readonly Signature[], head: string): Content | undefined {
  return signatures.find(([at, signature]) => head.startsWith(signature.toString(), at))?.[2];
}

function byText(head: string): Content | undefined {
  if (VMDK_TITLE.test(head) || VMDK_TEXT.test(head)) return image('vmdk');
  if (HTML.test(head)) {
    return other(
      'an HTML page',
      'if a server sent this page instead of the image, check the URL, then download the image again',
    );
  }
  if (XML.test(head))
    return other(
      'an XML document',
      'if a server sent this document instead of the image, check the URL, then download the image again',
    );
  return undefined;
}

/** Detects formats with a signature at the end of the file. */
async function byTrailer(reader: HeaderReader): Promise<Content | undefined> {
  if (reader.size < TRAILER_BYTES) return undefined;
  const trailer = await reader.bytes(reader.size - TRAILER_BYTES, TRAILER_BYTES, 'its end');
  const start = trailer.toString('latin1', 0, 8);
  if (start === 'conectix') return image('vpc');
  if (start.startsWith('koly')) {
    return other(
      'an Apple disk image (dmg)',
      'if you trust the image, convert it: qemu-img convert -f dmg -O qcow2 IMAGE NEW',
    );
  }
  return undefined;
}

async function byVolume(reader: HeaderReader): Promise<Content | undefined> {
  const descriptor = await reader.upTo(ISO_DESCRIPTOR, 6, 'its volume');
  const identifier = descriptor.toString('latin1', 1);
  // A UDF medium without ISO 9660 begins its list of descriptors with BEA01 (ECMA-167 2/9.2).
  return identifier === 'CD001' || identifier === 'BEA01' ? image('iso') : undefined;
}
