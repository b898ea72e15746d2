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
  /** The machine's own UEFI variables, always a qcow2. */
  readonly path: string;
  readonly template: FirmwareFile;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gives a new machine its UEFI variables.
 *
 * A flash chip never flushes. What it writes survives a QEMU that is killed, for the template has no holes; but what
 * it writes first after a snapshot goes to new clusters, which QEMU notes in the file when it pauses or ends.
 * @throws InvalidInputError when it has some, and what `convertDisk` throws.
 */
export async function makeNvram({ path, template, signal }: NvramOptions): Promise<void> {
  await refuseExisting(path);
  await replaceFile(path, async (beside) =>
    convertDisk({ from: template, to: { path: beside, format: 'qcow2' }, signal }),
  );
}

/**
 * Gives a machine that does not run the template's variables again. Its internal snapshots stay, with the variables
 * that they hold; only variables of another size are made anew, which no snapshot of the old ones would fit.
 * @throws ImageLockedError when the machine runs, and what `convertDisk` throws.
 */
export async function resetNvram({ path, template, signal }: NvramOptions): Promise<void> {
  // Unlike the rest, this asks for the lock: the copy below would not notice a QEMU that writes.
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

/** Whoever is killed in the middle leaves the old file, and one beside it that the next attempt removes. */
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
