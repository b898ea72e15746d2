import * as z from 'zod';
import type { Machine } from '../../machine/running/machine.ts';
import type { Fault } from './fault.ts';
import { parseOptions } from '../../util/options/parse-options.ts';
import { holdInGuest } from './guest-hold.ts';

/** The amount of memory to leave. */
export interface PressureOptions {
  /**
   * Bytes that remain available to the guest's programs (MemAvailable in /proc/meminfo), at least 1 MiB. When they need
   * more, the kernel reclaims caches, swaps and kills.
   */
  readonly freeBytes: number;
}

const schema = z.strictObject({
  freeBytes: z.int('expected a whole number of bytes').min(1024 * 1024),
});

/**
 * The memory belongs to a file on a ramfs, which is never swapped out, and to no process that could be killed for it. It
 * is taken in steps, since MemAvailable is an estimate.
 */
const TAKE = `
folder=$(mktemp -d)
mount -t ramfs vmlet "$folder"
exec 3>>"$folder/taken"
umount -l "$folder"
rmdir "$folder"
echo -1000 >/proc/self/oom_score_adj
available() {
  while read -r key value unit; do
    [ "$key" != MemAvailable: ] || echo $((value * 1024))
  done </proc/meminfo
}
while :; do
  more=$(($(available) - $1))
  block=1048576
  [ "$more" -ge "$block" ] || block=4096
  [ "$more" -ge "$block" ] || break
  dd if=/dev/zero bs="$block" count=$((more / block)) >&3 2>/dev/null
done`;

const HINT = 'use a guest that has dd, mktemp and mount, and whose agent runs as root';

/** Faults of the guest's memory, caused in the guest. */
export class MemoryFaults {
  readonly #machine: Machine;
  readonly #begun: Fault[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Takes memory until only the given amount is available.
   * @throws InvalidInputError, FaultUnavailableError when the guest lacks the necessary programs.
   */
  async pressure(options: PressureOptions): Promise<Fault> {
    const { freeBytes } = parseOptions(schema, options);
    const fault = await holdInGuest(this.#machine, 'memory.pressure', TAKE, [String(freeBytes)], HINT);
    this.#begun.push(fault);
    return fault;
  }

  /** Releases all memory that was taken. */
  async endAll(): Promise<void> {
    await Promise.all(this.#begun.map(async (fault) => fault.end()));
  }
}
