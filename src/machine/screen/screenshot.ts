import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingDeviceError, QmpRefusedError } from '../../errors/index.ts';
import { identifyProcess } from '../../process/procfs/identity.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { pngOfPpm } from './ppm.ts';

export interface ScreenshotOptions {
  /** A directory that QEMU may write to. The picture is stored there briefly. */
  readonly directory: string;
  /** ID of a display device; the first one by default. */
  readonly device?: string | undefined;
  /** Output of the device, from 0; the first by default. Only with `device`. */
  readonly head?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PREFIX = 'screenshot-';

/**
 * Takes a screenshot as PNG; also works while the machine is paused.
 * @throws MissingDeviceError for a machine without a screen, QmpRefusedError for a device that is not a
 * display, or the signal's reason.
 */
export async function takeScreenshot(qmp: QmpClient, options: ScreenshotOptions): Promise<Buffer> {
  const { directory, signal } = options;
  if (!(await hasScreen(qmp, signal))) {
    throw new MissingDeviceError('display', 'the machine has no screen', {
      hint: 'use the serial console instead; for a named machine, run: vmlet console NAME, or vmlet logs NAME',
    });
  }
  await removeStaleScreenshots(directory);
  const owner = identifyProcess(process.pid);
  const name = `${PREFIX}${process.pid}-${owner?.startTime ?? 0}-${randomBytes(4).toString('hex')}`;
  const filename = join(directory, name);
  try {
    const format = await dump(qmp, filename, options);
    const picture = await readFile(filename);
    return format === 'png' ? picture : pngOfPpm(picture);
  } finally {
    await rm(filename, { force: true });
  }
}

/**
 * QEMU's consoles are its children, except for text consoles (qemu_console_lookup_default in ui/console.c).
 */
async function hasScreen(qmp: QmpClient, signal: AbortSignal | undefined): Promise<boolean> {
  const backends = await listBackends(qmp, signal);
  if (backends.some(({ type }) => type === 'child<qemu-graphic-console>')) return true;
  // Before 8.2 both kinds have the same type, and text consoles have no device.
  for (const { name } of backends.filter(({ type }) => type === 'child<qemu-console>')) {
    const path = `/backend/${name}`;
    if ((await qmp.execute('qom-get', { path, property: 'device' }, { signal })) !== '') return true;
  }
  return false;
}

/** Before 8.0 this path is missing until it has an entry. */
async function listBackends(qmp: QmpClient, signal: AbortSignal | undefined) {
  try {
    return await qmp.execute('qom-list', { path: '/backend' }, { signal });
  } catch (error) {
    if (error instanceof QmpRefusedError && error.errorClass === 'DeviceNotFound') return [];
    throw error;
  }
}

async function dump(
  qmp: QmpClient,
  filename: string,
  { device, head, signal }: ScreenshotOptions,
): Promise<'png' | 'ppm'> {
  const args = { filename, device, head };
  try {
    await qmp.execute('screendump', { ...args, format: 'png' }, { signal });
    return 'png';
  } catch (error) {
    if (!(error instanceof QmpRefusedError)) throw error;
  }
  // QEMU was built without libpng, or is older than the argument (7.1); for any other reason, this fails the
  // same way.
  await qmp.execute('screendump', args, { signal });
  return 'ppm';
}

/** A process that is killed during a screenshot leaves the picture behind. */
async function removeStaleScreenshots(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const [, pid, startTime] = /^screenshot-(\d+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || identifyProcess(Number(pid))?.startTime === Number(startTime)) continue;
    await rm(join(directory, name), { force: true });
  }
}
