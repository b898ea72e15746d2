import { constants } from 'node:fs';
import { copyFile, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FirmwareFile } from '../../host/firmware/firmware.ts';
import { refuseExisting } from '../../images/qemu-img/new-file.ts';
import { qemuImg } from '../../images/qemu-img/qemu-img-command.ts';
import { checkDisk } from '../../images/qemu-img/check-disk.ts';
import { inspectDisk } from '../../images/qemu-img/inspect-disk.ts';
import { convertDisk } from '../../images/qemu-img/qemu-img.ts';

export interface NvramOptions {
  /** File with the machine's own UEFI variables, always a qcow2. */
  readonly path: string;
  readonly template: FirmwareFile;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates the UEFI variables of a new machine.
 *
 * A flash chip never flushes. Its writes survive a killed QEMU because the template is fully allocated; but
 * the first writes after a snapshot go to new clusters, which QEMU records in the file only when it pauses or
 * ends.
 * @throws InvalidInputError when the file exists, and the errors of `convertDisk`.
 */
export async function makeNvram({ path, template, signal }: NvramOptions): Promise<void> {
  await refuseExisting(path);
  await replaceFile(path, async (beside) =>
    convertDisk({ from: template, to: { path: beside, format: 'qcow2' }, signal }),
  );
}

/**
 * Resets the variables of a stopped machine to the template. Internal snapshots and the variables in them are
 * kept, except when the template has another size, because no snapshot of the old file would fit.
 * @throws ImageLockedError when the machine is running, and the errors of `convertDisk`.
 */
export async function resetNvram({ path, template, signal }: NvramOptions): Promise<void> {
  // Unlike the rest, this takes the lock: the copy below would not detect a QEMU that writes.
  await checkDisk({ path, format: 'qcow2', signal });
  const [now, fresh] = await Promise.all([
    inspectDisk({ path, format: 'qcow2', signal }),
    inspectDisk({ ...template, signal }),
  ]);
  await replaceFile(path, async (beside) => {
    if (now.virtualBytes !== fresh.virtualBytes) {
      await convertDisk({ from: template, to: { path: beside, format: 'qcow2' }, signal });
      return;
    }
    await copyFile(path, beside, constants.COPYFILE_EXCL);
    await qemuImg(['convert', '-n', '-f', template.format, '-O', 'qcow2', fresh.path, beside], path, {
      signal,
    });
  });
}

/** If killed halfway, the old file is intact and the next attempt removes the temporary file beside it. */
async function replaceFile(path: string, make: (beside: string) => Promise<void>): Promise<void> {
  const beside = `${path}.new`;
  await rm(beside, { force: true });
  try {
    await make(beside);
    await flush(beside);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  await flush(dirname(path));
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
