import { run } from '../../process/run.ts';

const PATIENCE_MS = 20_000;

export async function probeQemuImg(
  path: string,
  signal: AbortSignal | undefined,
): Promise<{ path: string; version: string }> {
  const { stdout } = await run([path, '--version'], { signal, timeoutMs: PATIENCE_MS, environment: {} });
  return { path, version: /version (\S+)/.exec(stdout.toString('utf8'))?.[1] ?? 'unknown' };
}
