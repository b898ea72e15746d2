import { GuestHoldsDeviceError, InvalidInputError, TimedOutError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { mediumNode } from '../qemu/block-node.ts';
import { explainImageFailure } from '../life/locked-image.ts';

const GUEST_PATIENCE_MS = 10_000;

export interface ChangeMediumOptions extends Limits {
  /** Milliseconds for a guest that has locked the drive to open it; 10 000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Removes the medium even if the guest has locked the drive; false by default. */
  readonly force?: boolean | undefined;
}

/**
 * Changes or ejects the medium of a CD drive. The drive keeps its medium when the new image cannot be opened,
 * and when the guest does not open the drive.
 * @param path a raw image (ISO 9660); undefined leaves the drive empty.
 * @throws InvalidInputError for a drive that the machine does not have, GuestHoldsDeviceError,
 * ImageLockedError, PermissionError, QmpRefusedError, and the errors of `execute`.
 */
export async function changeMedium(
  qmp: QmpClient,
  driveId: string,
  path: string | undefined,
  options: ChangeMediumOptions = {},
): Promise<void> {
  const old = (await findDrive(qmp, driveId)).inserted?.['node-name'];
  const added = path === undefined ? undefined : await addMedium(qmp, driveId, path, old);
  try {
    await openTray(qmp, driveId, options);
  } catch (error) {
    // If the machine has ended, there is nothing to undo, and the first error says so.
    if (added !== undefined) await removeNode(qmp, added).catch(() => undefined);
    throw error;
  }
  if (old !== undefined) {
    await qmp.execute('blockdev-remove-medium', { id: driveId });
    await removeNode(qmp, old);
  }
  if (added !== undefined) {
    await qmp.execute('blockdev-insert-medium', { id: driveId, 'node-name': added });
  }
  await qmp.execute('blockdev-close-tray', { id: driveId });
}

async function findDrive(qmp: QmpClient, driveId: string) {
  const drive = (await qmp.execute('query-block')).find(({ qdev }) => qdev === driveId);
  if (drive?.removable !== true) {
    throw new InvalidInputError('drive', `no such CD drive: ${nameOf(driveId)}`);
  }
  return drive;
}

/** Opened before the old medium is removed, so that a wrong path changes nothing. */
async function addMedium(
  qmp: QmpClient,
  driveId: string,
  filename: string,
  old: string | undefined,
): Promise<string> {
  const name = old === `${driveId}-medium` ? `${driveId}-other-medium` : `${driveId}-medium`;
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
  // Left behind by a caller that was killed.
  if (nodes.some((node) => node['node-name'] === name)) await removeNode(qmp, name);
  try {
    await qmp.execute('blockdev-add', mediumNode(name, filename));
  } catch (error) {
    throw await explainImageFailure(error, [filename]);
  }
  return name;
}

/** QEMU asks a guest that has locked the drive to open it, like a press of its button. */
async function openTray(
  qmp: QmpClient,
  driveId: string,
  { force = false, timeoutMs = GUEST_PATIENCE_MS, signal }: ChangeMediumOptions,
): Promise<void> {
  const opened = deferred<undefined>();
  let asked = false;
  const stopListening = qmp.on('DEVICE_TRAY_MOVED', ({ data }) => {
    // Ignores events about an earlier request.
    if (asked && data.id === driveId && data['tray-open']) opened.resolve(undefined);
  });
  asked = true;
  try {
    await qmp.execute('blockdev-open-tray', { id: driveId, force });
    if ((await findDrive(qmp, driveId)).tray_open === true) return;
    const end = qmp.closed.then(async () => findDrive(qmp, driveId));
    await withinLimits('opening', Promise.race([opened.promise, end]), { timeoutMs, signal });
  } catch (error) {
    throw error instanceof TimedOutError ? heldByGuest(driveId, timeoutMs) : error;
  } finally {
    stopListening();
  }
}

function heldByGuest(driveId: string, timeoutMs: number): GuestHoldsDeviceError {
  return new GuestHoldsDeviceError(
    driveId,
    `timed out after ${timeoutMs / 1000} s waiting for the guest to unlock CD drive ${nameOf(driveId)}`,
    { hint: 'unmount the CD in the guest, or use --force, which may break programs that read the CD' },
  );
}

/** Returns the drive's name in commands: `cdrom0` of the device `cdrom0-device`. */
function nameOf(driveId: string): string {
  return driveId.replace(/-device$/, '');
}

async function removeNode(qmp: QmpClient, name: string): Promise<void> {
  await qmp.execute('blockdev-del', { 'node-name': name });
}
