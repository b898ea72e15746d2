import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { watchCrashes } from './crashes.ts';
import type { Estate } from './janitor.ts';
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
  const janitor = startJanitor();
  const places = openPlaces();
  const mark = markProcesses();
  janitor({
    mark,
    runner: process.pid,
    directories: places.directories,
    sharedMemory: places.sharedMemory,
  });
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

/**
 * Starts the program that kills everything that a run leaves when it is interrupted or killed. It is not marked, and has a
 * session of its own, which Ctrl-C does not reach.
 * @returns a function to call with what the run owns.
 */
function startJanitor(): (estate: Estate) => void {
  const words = ['--import', 'tsx', join(import.meta.dirname, 'janitor.ts')];
  const program = spawn(process.execPath, words, { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  program.unref();
  return (estate) => {
    // The end of this process closes it, which is the sign.
    program.stdin.write(JSON.stringify(estate));
    // Writable to the types, a socket in fact.
    if (program.stdin instanceof Socket) program.stdin.unref();
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
  // Repeating a file does not help here: scripts/tests/run.mjs reads it.
  const { VMLET_TEST_GUARDS } = process.env;
  if (VMLET_TEST_GUARDS !== undefined) appendFileSync(VMLET_TEST_GUARDS, `${what}\n`);
  console.error(`${what}:\n${found.map((one) => `  ${one}\n`).join('')}`);
}
