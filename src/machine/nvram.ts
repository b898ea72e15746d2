import { constants } from 'node:fs';
import { copyFile, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FirmwareFile } from '../host/firmware.ts';
import { diskPath } from '../images/disk-path.ts';
import { refuseExisting } from '../images/new-file.ts';
import { qemuImg } from '../images/qemu-img-command.ts';
import { checkDisk, inspectDisk } from '../images/qemu-img.ts';

export interface NvramOptions {
  /** The machine's own UEFI variables, always a qcow2. */
  readonly path: string;
  readonly template: FirmwareFile;
  readonly signal?: AbortSignal | undefined;
}

/** Gives a new machine its UEFI variables. @throws InvalidInputError when it has some, and what qemu-img's functions throw. */
export async function makeNvram({ path, template, signal }: NvramOptions): Promise<void> {
  await refuseExisting(path);
  await replaceFile(path, async (beside) => fill(beside, template, [], signal));
}

/**
 * Gives a machine that does not run the template's variables again. Its internal snapshots stay, with the variables
 * that they hold; only variables of another size are made anew, which no snapshot of the old ones would fit.
 * @throws ImageLockedError when the machine runs, and what qemu-img's functions throw.
 */
export async function resetNvram({ path, template, signal }: NvramOptions): Promise<void> {
  // Unlike the rest, this asks for the lock: the copy below would not notice a QEMU that writes.
  await checkDisk({ path, format: 'qcow2', signal });
  const [now, fresh] = await Promise.all([
    inspectDisk({ path, format: 'qcow2', signal }),
    inspectDisk({ ...template, signal }),
  ]);
  await replaceFile(path, async (beside) => {
    const sameSize = now.virtualBytes === fresh.virtualBytes;
    if (sameSize) await copyFile(path, beside, constants.COPYFILE_EXCL);
    await fill(beside, template, sameSize ? ['-n'] : [], signal);
  });
}

/**
 * Every cluster is allocated (-S 0). A flash chip never flushes, so that what QEMU has to note about new clusters is
 * in its memory until it pauses or ends: variables in new clusters would be lost with a QEMU that is killed.
 */
async function fill(
  path: string,
  template: FirmwareFile,
  flags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const from = diskPath(template.path, 'template.path');
  await qemuImg(
    ['convert', ...flags, '-S', '0', '-f', template.format, '-O', 'qcow2', from, diskPath(path, 'path')],
    path,
    { signal },
  );
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
