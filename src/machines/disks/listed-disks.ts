import { VmletError } from '../../errors/index.ts';
import type { DiskFormat } from '../../images/formats/disk-info.ts';
import { inspectDisk } from '../../images/qemu-img/inspect-disk.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { diskId } from './disk-id.ts';
import { portsOf } from './live-disks.ts';
import { diskPath } from '../plan/machine-plan.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';

/** A disk of a machine in its current state. */
export interface ListedDisk extends Pick<StoredDisk, 'name' | 'cache' | 'discard' | 'readOnly'> {
  /** Absolute. */
  readonly path: string;
  /** Changes when another disk gets its name; see `RemoveDiskOptions.id`. */
  readonly id: string;
  readonly format: DiskFormat;
  /** Whether removing the machine's storage removes the file. */
  readonly owned: boolean;
  /** Path of the backing file. */
  readonly backingPath: string | undefined;
  /** Size seen by the guest, and space used on the host, in bytes; undefined when the file cannot be read. */
  readonly virtualBytes: number | undefined;
  readonly actualBytes: number | undefined;
  /** Why the file cannot be read or used. */
  readonly problem: string | undefined;
  /** Port of the disk, if the machine is running and has it. */
  readonly port: string | undefined;
}

/** Lists a machine's disks in their current state. @throws what `withMonitor` throws, for a running machine. */
export async function listDisks(
  definition: Definition,
  { signal }: Pick<Limits, 'signal'> = {},
): Promise<readonly ListedDisk[]> {
  const { spec, files } = definition;
  const ports = await portsOf(definition, signal);
  return Promise.all(
    spec.disks.map(async ({ file: _file, backing, ...disk }) => {
      const path = diskPath({ file: _file }, files);
      return {
        ...disk,
        path,
        id: diskId(path),
        backingPath: backing?.path,
        port: ports.get(disk.name),
        ...(await look(path, disk.format, signal)),
      };
    }),
  );
}

async function look(
  path: string,
  format: DiskFormat,
  signal: AbortSignal | undefined,
): Promise<Pick<ListedDisk, 'virtualBytes' | 'actualBytes' | 'problem'>> {
  try {
    const { virtualBytes, actualBytes } = await inspectDisk({ path, format, signal });
    return { virtualBytes, actualBytes, problem: undefined };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof VmletError)) throw error;
    return { virtualBytes: undefined, actualBytes: undefined, problem: error.message };
  }
}
