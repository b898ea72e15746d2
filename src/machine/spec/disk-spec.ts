import { statSync } from 'node:fs';
import * as z from 'zod';
import { InvalidInputError, isSystemError } from '../../errors/index.ts';
import type { DiskFormat } from '../../images/formats/disk-info.ts';
import { isDiskSize, parseDiskSize } from '../../images/qemu-img/disk-size.ts';

/** A disk of a machine; the guest's writes are discarded with the machine. */
export type DiskSpec =
  /** An empty disk. */
  | { readonly sizeBytes: number }
  /** An overlay on a file that is never written to. */
  | {
      readonly path: string;
      readonly format: DiskFormat;
      readonly readOnly?: boolean | undefined;
      /**
       * Trusts the file: it may use other files (a qcow2's backing file, which the guest can then read), be
       * larger than 64 TiB, be marked as corrupt, or contain another format while raw; false by default.
       */
      readonly trusted?: boolean | undefined;
    };

const diskSchema = z.union([
  z.strictObject({ sizeBytes: z.int().positive().multipleOf(512) }),
  z.strictObject({
    path: z.string().min(1),
    format: z.enum(['qcow2', 'raw']),
    readOnly: z.boolean().optional(),
    trusted: z.boolean().optional(),
  }),
]);

const formatsByEnding: ReadonlyMap<string, DiskFormat> = new Map([
  ['qcow2', 'qcow2'],
  ['raw', 'raw'],
  ['iso', 'raw'],
]);

/**
 * Parses `2G`, or `PATH[,format=qcow2|raw][,readonly][,trusted]`. The format comes from the text or from the
 * ending .qcow2, .raw or .iso. It is never probed from the contents, which a guest could have written.
 * @param field names the disk in errors, as in `disks[0]`.
 * @throws InvalidInputError
 */
export function parseDiskSpec(disk: string | DiskSpec, field: string): DiskSpec {
  if (typeof disk !== 'string') {
    const parsed = diskSchema.safeParse(disk);
    if (parsed.success) return parsed.data;
    throw new InvalidInputError(field, `invalid disk ${JSON.stringify(disk)}`, {
      hint: 'expected { sizeBytes } with a multiple of 512, or { path, format: "qcow2" | "raw", readOnly?, trusted? }',
    });
  }
  if (isDiskSize(disk)) return { sizeBytes: parseDiskSize(disk, field) };
  return parseDiskFile(disk, field);
}

/**
 * Parses `PATH[,format=qcow2|raw][,readonly][,trusted]`; a path may look like a size.
 * @throws InvalidInputError
 */
export function parseDiskFile(text: string, field: string): Extract<DiskSpec, { readonly path: string }> {
  let path = text;
  let format: DiskFormat | undefined;
  let readOnly = false;
  let trusted = false;
  for (;;) {
    const option = /^(.*),(?:format=(?<format>qcow2|raw)|(?<readonly>readonly)|(?<trusted>trusted))$/s.exec(
      path,
    );
    if (!option) break;
    path = option[1] ?? '';
    format ??= option.groups?.['format'] as DiskFormat | undefined;
    readOnly ||= option.groups?.['readonly'] !== undefined;
    trusted ||= option.groups?.['trusted'] !== undefined;
  }
  if (path === '' || path.includes('\0')) {
    throw new InvalidInputError(field, `invalid disk ${JSON.stringify(text)}`, {
      hint: 'expected a size such as 2G, or PATH[,format=qcow2|raw][,readonly][,trusted]',
    });
  }
  format ??= formatsByEnding.get(/\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '');
  if (format === undefined) {
    throw unclearFormat(path, field);
  }
  return { path, format, ...(readOnly && { readOnly }), ...(trusted && { trusted }) };
}

/** Quotes a path only if it contains control characters. */
export function readable(path: string): string {
  if (!/\p{Cc}/u.test(path)) return path;
  return JSON.stringify(path).replaceAll(
    /\p{Cc}/gu,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

/** Most often the path is wrong, and the format does not matter. */
function unclearFormat(path: string, field: string): InvalidInputError {
  const found = lookAt(path);
  const size = 'to create a disk, give a size such as 2G or 512M';
  if (found === undefined && field === 'image') return missingImage(path);
  if (found === undefined)
    return new InvalidInputError(field, `no such file: ${readable(path)}`, { hint: size });
  if (found === 'directory')
    return new InvalidInputError(field, `${readable(path)} is a directory`, {
      hint: `give the path of a disk file; ${size}`,
    });
  return new InvalidInputError(field, `unknown disk format: ${JSON.stringify(path)}`, {
    hint: 'append the format to the path: ,format=qcow2 or ,format=raw',
  });
}

/** A path that begins with a host name, as the references of registries do. */
const IN_REGISTRY = /^(?:docker:\/\/)?[a-z\d-]+(?:\.[a-z\d-]+)+(?::\d+)?\//;

function missingImage(path: string): InvalidInputError {
  if (!IN_REGISTRY.test(path)) {
    return new InvalidInputError('image', `no such file: ${readable(path)}`, {
      hint: 'to list images to pull: vmlet search; to list your images: vmlet image ls',
    });
  }
  return new InvalidInputError('image', `${readable(path)} is a container image, which vmlet cannot boot`, {
    hint: 'use the image of a whole system, listed by: vmlet search; containers run in a guest with podman: vmlet create NAME --image debian:13 --package podman',
  });
}

function lookAt(path: string): 'directory' | 'other' | undefined {
  try {
    return statSync(path).isDirectory() ? 'directory' : 'other';
  } catch (error) {
    // Other errors are reported when the file is opened.
    return isSystemError(error, 'ENOENT', 'ENOTDIR') ? undefined : 'other';
  }
}
