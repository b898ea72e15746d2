import { randomBytes } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MissingDeviceError, QmpRefusedError } from '../../errors/index.ts';
import { identifyProcess } from '../../process/procfs/identity.ts';
import type { QmpClient } from '../../qmp/index.ts';
import { pngOfPpm } from './ppm.ts';

export interface ScreenshotOptions {
  /** A directory that QEMU may write to. The picture is there for a moment. */
  readonly directory: string;
  /** The id of a display device; the first one by default. */
  readonly device?: string | undefined;
  /** Which of the device's outputs, from 0; the first by default. Only with `device`. */
  readonly head?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PREFIX = 'screenshot-';

/**
 * What the machine shows on its screen, as PNG; also while it is paused.
 * @throws MissingDeviceError for a machine without a screen, QmpRefusedError for a device that is no display, or the
 *   signal's reason.
 */
export async function takeScreenshot(qmp: QmpClient, options: ScreenshotOptions): Promise<Buffer> {
  const { directory, signal } = options;
  if (!(await hasScreen(qmp, signal))) {
    throw new MissingDeviceError(
      'display',
      'the machine has no screen, so there is nothing to take a picture of',
      {
        hint: 'its serial console is read with vmlet console and vmlet logs',
      },
    );
  }
  await removeThoseOfDeadProcesses(directory);
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

/** QEMU's consoles are its children, the ones with text left out (qemu_console_lookup_default in ui/console.c). */
async function hasScreen(qmp: QmpClient, signal: AbortSignal | undefined): Promise<boolean> {
  const backends = await listBackends(qmp, signal);
  if (backends.some(({ type }) => type === 'child<qemu-graphic-console>')) return true;
  // Before 8.2 both kinds have one type, and those with text have no device.
  for (const { name } of backends.filter(({ type }) => type === 'child<qemu-console>')) {
    const path = `/backend/${name}`;
    if ((await qmp.execute('qom-get', { path, property: 'device' }, { signal })) !== '') return true;
  }
  return false;
}

/** Before 8.0 there is no such place before something is in it. */
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
  // A QEMU built without libpng, or older than the argument (7.1); where the reason is another, this says it again.
  await qmp.execute('screendump', args, { signal });
  return 'ppm';
}

/** Who is killed while QEMU writes leaves the picture behind. */
async function removeThoseOfDeadProcesses(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const [, pid, startTime] = /^screenshot-(\d+)-(\d+)-/.exec(name) ?? [];
    if (pid === undefined || identifyProcess(Number(pid))?.startTime === Number(startTime)) continue;
    await rm(join(directory, name), { force: true });
  }
}
