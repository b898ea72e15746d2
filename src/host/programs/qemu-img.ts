import { CommandFailedError, describeExit, tellingLine } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import type { QemuImgFeatures } from '../survey/host.ts';

const PATIENCE_MS = 20_000;

/** Probes qemu-img; guests without disks do not need it. */
export async function probeQemuImg(path: string, signal: AbortSignal | undefined): Promise<QemuImgFeatures> {
  try {
    const { stdout } = await run([path, '--version'], { signal, timeoutMs: PATIENCE_MS, environment: {} });
    return { path, version: /version (\S+)/.exec(stdout.toString('utf8'))?.[1] ?? 'unknown' };
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    const problem = tellingLine(error.stderr) ?? `it ${describeExit(error.status)}`;
    return { path, version: 'unknown', problem };
  }
}
