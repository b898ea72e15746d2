import { isDeepStrictEqual } from 'node:util';
import { VmletError } from '../../errors/index.ts';
import type { DiskFormat } from '../../images/formats/disk-info.ts';
import { inspectDisk } from '../../images/qemu-img/inspect-disk.ts';
import type { Limits } from '../../util/time/deadline.ts';
import type { Definition } from '../record/definition.ts';
import { diskId } from './disk-id.ts';
import { portsOf } from './live-disks.ts';
import { describeMissing, isMissing } from '../plan/disk-files.ts';
import { diskPath } from '../plan/machine-plan.ts';
import { readPlan } from '../record/machine-plan-file.ts';
import { readStatus } from '../record/machine-status.ts';
import type { StoredDisk } from '../spec/machine-spec.ts';

/** How a machine uses a disk. */
type DiskUse = Pick<StoredDisk, 'cache' | 'discard' | 'readOnly'>;

/** A disk of a machine in its current state. */
export interface ListedDisk extends Pick<StoredDisk, 'name' | 'temporary'>, DiskUse {
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
  /** Its use from the next start on, if the machine is running and uses it in another way until then. */
  readonly nextStart: DiskUse | undefined;
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
  const uses = usesOf(definition);
  return Promise.all(
    spec.disks.map(async ({ file: _file, backing, ...disk }) => {
      const path = diskPath({ file: _file }, files);
      return {
        ...disk,
        ...uses(disk),
        path,
        id: diskId(path),
        backingPath: backing?.path,
        port: ports.get(disk.name),
        ...(await look(path, disk.format, signal)),
      };
    }),
  );
}

/** Returns how a running machine uses a disk: changes of `setDisk` wait for the next start. */
export function usesOf({
  files,
}: Definition): (disk: Pick<StoredDisk, 'name'> & DiskUse) => DiskUse & Pick<ListedDisk, 'nextStart'> {
  const planned = readStatus(files).kind === 'running' ? readPlan(files).disks : [];
  return ({ name, cache, discard, readOnly }) => {
    const next = { cache, discard, readOnly };
    const plan = planned.find(({ nodeName }) => nodeName === name);
    const now = plan ? { cache: plan.cache, discard: plan.discard, readOnly: plan.readOnly } : next;
    return { ...now, nextStart: isDeepStrictEqual(now, next) ? undefined : next };
  };
}

async function look(
  path: string,
  format: DiskFormat,
  signal: AbortSignal | undefined,
): Promise<Pick<ListedDisk, 'virtualBytes' | 'actualBytes' | 'problem'>> {
  if (isMissing(path)) {
    return { virtualBytes: undefined, actualBytes: undefined, problem: describeMissing(path) };
  }
  try {
    const { virtualBytes, actualBytes } = await inspectDisk({ path, format, signal });
    return { virtualBytes, actualBytes, problem: undefined };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof VmletError)) throw error;
    return { virtualBytes: undefined, actualBytes: undefined, problem: error.message };
  }
}
