import type { Logger } from 'pino';

/** Writes JSON lines to stderr synchronously; `time` is in milliseconds since 1970, with fractions. */
export async function debugLog(): Promise<Logger> {
  const { default: pino } = await import('pino');
  const log = pino(
    { level: 'debug', base: null, timestamp: () => `,"time":${performance.timeOrigin + performance.now()}` },
    pino.destination({ fd: 2, sync: true }),
  );
  log.debug({ startedAt: performance.timeOrigin }, 'command loaded');
  return log;
}
