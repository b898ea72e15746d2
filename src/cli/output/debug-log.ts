import type { Logger } from 'pino';

/** Writes JSON lines on stderr at once; their `time` is in milliseconds since 1970, with fractions. */
export async function debugLog(): Promise<Logger> {
  const { default: pino } = await import('pino');
  const log = pino(
    { level: 'debug', base: null, timestamp: () => `,"time":${performance.timeOrigin + performance.now()}` },
    pino.destination({ fd: 2, sync: true }),
  );
  log.debug({ startedAt: performance.timeOrigin }, 'the command is loaded');
  return log;
}
