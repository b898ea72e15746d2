import { GuestHoldsDeviceError, InvalidInputError, TimedOutError } from '../../errors/index.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { type Limits, withinLimits } from '../../util/time/deadline.ts';
import { deferred } from '../../util/time/deferred.ts';
import { mediumNode } from '../qemu/block-node.ts';
import { explainImageFailure } from '../life/locked-image.ts';

const GUEST_PATIENCE_MS = 10_000;

export interface ChangeMediumOptions extends Limits {
  /** How long a guest that has locked the drive gets to open it, in milliseconds; 10 000 by default. */
  readonly timeoutMs?: number | undefined;
  /** Take the medium out though the guest has locked it, as with a paper clip; false by default. */
  readonly force?: boolean | undefined;
}

/**
 * Puts another image into a CD drive, or takes out what is in it. The drive keeps what it has when the new image
 * cannot be opened, and when the guest does not open the drive.
 * @param path a raw image (ISO 9660); undefined leaves the drive empty.
 * @throws InvalidInputError for a drive that the machine does not have, GuestHoldsDeviceError, ImageLockedError,
 *   PermissionError, QmpRefusedError, and what `execute` throws.
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
    // Where the machine has ended there is nothing to take back, and the first error says so.
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
    throw new InvalidInputError('drive', `the machine has no drive ${driveId} for removable media`);
  }
  return drive;
}

/** Opened before the old one goes, so that a wrong path costs nothing. */
async function addMedium(
  qmp: QmpClient,
  driveId: string,
  filename: string,
  old: string | undefined,
): Promise<string> {
  const name = old === `${driveId}-medium` ? `${driveId}-other-medium` : `${driveId}-medium`;
  const nodes = await qmp.execute('query-named-block-nodes', { flat: true });
  // Left by a caller that was killed on the way.
  if (nodes.some((node) => node['node-name'] === name)) await removeNode(qmp, name);
  try {
    await qmp.execute('blockdev-add', mediumNode(name, filename));
  } catch (error) {
    throw await explainImageFailure(error, [filename]);
  }
  return name;
}

/** A guest that has locked the drive is asked by QEMU to open it, as by a press of its button. */
async function openTray(
  qmp: QmpClient,
  driveId: string,
  { force = false, timeoutMs = GUEST_PATIENCE_MS, signal }: ChangeMediumOptions,
): Promise<void> {
  const opened = deferred<undefined>();
  let asked = false;
  const stopListening = qmp.on('DEVICE_TRAY_MOVED', ({ data }) => {
    // What was kept from before is about an earlier request.
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
    `the guest has locked the drive ${driveId} and did not open it within ${timeoutMs / 1000} s`,
    { hint: 'unmount the medium in the guest, or force it out, which may upset programs that read it' },
  );
}

async function removeNode(qmp: QmpClient, name: string): Promise<void> {
  await qmp.execute('blockdev-del', { 'node-name': name });
}
