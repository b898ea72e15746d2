import type { Logger } from 'pino';

/** Writes every step to stderr. */
export async function debugLog(): Promise<Logger> {
  const log = await stderrLog('debug');
  log.debug({ startedAt: performance.timeOrigin }, 'command loaded');
  return log;
}

/** Writes JSON lines to stderr synchronously; `time` is in milliseconds since 1970, with fractions. */
export async function stderrLog(level: 'debug' | 'warn'): Promise<Logger> {
  const { default: pino } = await import('pino');
  return pino(
    { level, base: null, timestamp: () => `,"time":${performance.timeOrigin + performance.now()}` },
    pino.destination({ fd: 2, sync: true }),
  );
}
