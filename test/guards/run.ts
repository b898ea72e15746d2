import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { watchCrashes } from './crashes.ts';
import { openPlaces } from './places.ts';
import { markProcesses, processesMarked } from './processes.ts';
import { watchStrangers } from './strangers.ts';

/** Tests of the guards shorten it. */
const PATIENCE_MS = Number(process.env['VMLET_TEST_PATIENCE_MS'] ?? 10_000);

/**
 * Fails the run that leaves a process or a file behind, or in which one of our programs crashed. Vitest only prints
 * messages of errors thrown here, and exits with 0: the exit status is set explicitly.
 */
export default function setup(): () => Promise<void> {
  const places = openPlaces();
  const mark = markProcesses();
  const strangers = watchStrangers(mark);
  const newCrashes = watchCrashes(strangers.has);
  return async () => {
    const look = (): string[] => [...processesMarked(mark), ...places.remains()];
    const deadline = Date.now() + PATIENCE_MS;
    let remains = look();
    // On some hosts orphans are reaped late, and a killed QEMU takes a moment to exit.
    while (remains.length > 0 && Date.now() < deadline) {
      await delay(100);
      remains = look();
    }
    report('the tests left behind', remains);
    strangers.stop();
    reportCrashes(newCrashes);
    places.remove();
  };
}

function reportCrashes(newCrashes: () => string[]): void {
  try {
    report('the kernel saw crashes', newCrashes());
  } catch (error) {
    const what = 'crashes of QEMU and passt are not checked';
    const why = (error as Error).message.trim().replaceAll('\n', '; ');
    // Often root alone may read dmesg (kernel.dmesg_restrict).
    if (process.env['CI'] && process.getuid?.() === 0) report(what, [why]);
    else console.warn(`${what}: ${why}`);
  }
}

function report(what: string, found: readonly string[]): void {
  if (found.length === 0) return;
  process.exitCode = 1;
  // Repeating a file does not help here: scripts/run-tests.mjs reads it.
  const { VMLET_TEST_GUARDS } = process.env;
  if (VMLET_TEST_GUARDS !== undefined) appendFileSync(VMLET_TEST_GUARDS, `${what}\n`);
  console.error(`${what}:\n${found.map((one) => `  ${one}\n`).join('')}`);
}
