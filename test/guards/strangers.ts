import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { OURS } from './crashes.ts';
import { isMarked } from './processes.ts';

const INTERVAL_MS = 1000;
/** PROC_PID_INIT_INO of include/linux/proc_ns.h. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

export interface Strangers {
  /** @returns whether this thread was seen in a process of another run. */
  readonly has: (thread: number) => boolean;
  readonly stop: () => void;
}

/**
 * Watches programs such as ours that this run did not start: the kernel’s log has the id of a crashed thread, and
 * nothing about its owner. A thread that lived too short to be seen is no stranger, nor is any in another pid
 * namespace than that of the log.
 */
export function watchStrangers(mark: number): Strangers {
  const threads = new Set<number>();
  if (!hasIdsOfLog()) return { has: () => false, stop: () => undefined };
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) sort(pid, mark, threads);
  };
  look();
  const timer = setInterval(look, INTERVAL_MS).unref();
  return {
    has: (thread) => threads.has(thread),
    stop: () => {
      clearInterval(timer);
      look();
    },
  };
}

/** Whether this process is in the pid namespace whose ids are in the kernel’s log. */
export function hasIdsOfLog(): boolean {
  return readlinkSync('/proc/self/ns/pid') === FIRST_PID_NAMESPACE;
}

function sort(pid: string, mark: number, strangers: Set<number>): void {
  try {
    if (!OURS.test(readFileSync(`/proc/${pid}/comm`, 'latin1'))) return;
    const own = isMarked(pid, mark);
    for (const thread of readdirSync(`/proc/${pid}/task`).map(Number)) {
      // The kernel uses ids again.
      if (own) strangers.delete(thread);
      else strangers.add(thread);
    }
  } catch {
    // It exited in the meantime.
  }
}
