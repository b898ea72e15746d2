import * as z from 'zod';

/** A disk format that machines write to. */
export type DiskFormat = 'qcow2' | 'raw';

/** The used part of qemu-img's output; newer versions add fields. */
const snapshotSchema = z.object({
  id: z.string(),
  name: z.string(),
  'date-sec': z.number(),
  'date-nsec': z.number(),
  'vm-state-size': z.number(),
});

const infoSchema = z.object({
  format: z.string(),
  'virtual-size': z.number(),
  'actual-size': z.number().optional(),
  'backing-filename': z.string().optional(),
  'full-backing-filename': z.string().optional(),
  'backing-filename-format': z.string().optional(),
  'dirty-flag': z.boolean().optional(),
  snapshots: z.array(snapshotSchema).optional(),
  'format-specific': z
    .object({ data: z.looseObject({ corrupt: z.boolean().optional(), 'data-file': z.string().optional() }) })
    .optional(),
});

/** A snapshot inside a disk image. */
export interface DiskSnapshot {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Date;
  /** Bytes of memory and device state that belong to it; 0 for a snapshot of the disk alone. */
  readonly stateBytes: number;
}

/** A disk image's description by qemu-img. */
export interface DiskInfo {
  /** Absolute. */
  readonly path: string;
  readonly format: DiskFormat;
  /** The size of the disk that the guest sees. */
  readonly virtualBytes: number;
  /** Disk space used on the host. */
  readonly actualBytes: number;
  /** The name of the backing file as stored in the image. */
  readonly backingFile: string | undefined;
  /** The backing file's absolute path, resolved from the image's directory. */
  readonly backingPath: string | undefined;
  /** Undefined if the image does not state it. QEMU would then guess it from the content, which is unsafe. */
  readonly backingFormat: string | undefined;
  /** The external data file of an image that has only the metadata. */
  readonly dataFile: string | undefined;
  /** True when it was not closed properly, or is open now. */
  readonly dirty: boolean;
  readonly corrupt: boolean;
  readonly snapshots: readonly DiskSnapshot[];
}

/** Parses the output of qemu-img info. @throws ZodError for output of another shape. */
export function readDiskInfo(path: string, format: DiskFormat, json: unknown): DiskInfo {
  const info = infoSchema.parse(json);
  const specific = info['format-specific']?.data;
  return {
    path,
    format,
    virtualBytes: info['virtual-size'],
    actualBytes: info['actual-size'] ?? 0,
    backingFile: info['backing-filename'],
    backingPath: info['full-backing-filename'] ?? info['backing-filename'],
    backingFormat: info['backing-filename-format'],
    dataFile: format === 'qcow2' ? specific?.['data-file'] : undefined,
    dirty: info['dirty-flag'] ?? false,
    corrupt: specific?.corrupt ?? false,
    snapshots: (info.snapshots ?? []).map((snapshot) => ({
      id: snapshot.id,
      name: snapshot.name,
      createdAt: new Date(snapshot['date-sec'] * 1000 + snapshot['date-nsec'] / 1_000_000),
      stateBytes: snapshot['vm-state-size'],
    })),
  };
}
