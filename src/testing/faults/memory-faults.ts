import * as z from 'zod';
import type { Machine } from '../../machine/running/machine.ts';
import type { Fault } from './fault.ts';
import { parseOptions } from '../../util/options.ts';
import { holdInGuest } from './guest-hold.ts';

export interface PressureOptions {
  /**
   * Bytes that are still available to the guest's programs (MemAvailable of its /proc/meminfo), 1 MiB at least. Where
   * they need more, the kernel takes its caches back, swaps, and kills.
   */
  readonly freeBytes: number;
}

const schema = z.strictObject({
  freeBytes: z.int('expected a whole number of bytes').min(1024 * 1024),
});

/**
 * The memory is that of a file on a ramfs, which is never swapped out and belongs to no process that could be killed for
 * it. In steps, since what is available is an estimate of the kernel's.
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

/** Faults of the guest's memory, made in the guest. */
export class MemoryFaults {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /**
   * Takes memory until only so much is available.
   * @throws InvalidInputError, FaultUnavailableError for a guest without the programs for it.
   */
  async pressure(options: PressureOptions): Promise<Fault> {
    const { freeBytes } = parseOptions(schema, options);
    return holdInGuest(this.#machine, 'memory.pressure', TAKE, [String(freeBytes)]);
  }
}
