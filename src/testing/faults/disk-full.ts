import type { Machine } from '../../machine/running/machine.ts';
import type { Fault } from './fault.ts';
import { holdInGuest } from './guest-hold.ts';

/**
 * The file is unnamed: it is invisible in the directory, and the file system frees it after a power loss. Blocks are
 * written where they cannot be reserved. The file's metadata also needs blocks, so one round may not suffice, or may take
 * too many.
 */
const FILL = `
file=$1/.vmlet-fill-$$
exec 3>>"$file"
rm "$file"
filler=/proc/self/fd/3
missing() {
  set -- $(stat -f -c '%f %S' "$1") "$2"
  echo $((($1 * $2 - $3) / $2 * $2))
}
size=0
for round in 1 2 3 4; do
  more=$(missing "$1" "$2")
  [ "$more" -ne 0 ] || break
  if [ "$more" -lt 0 ]; then
    truncate -s $((size + more)) "$filler"
  else
    fallocate -o "$size" -l "$more" "$filler" 2>/dev/null ||
      dd if=/dev/zero bs=4096 count=$(((more + 4095) / 4096)) >&3 2>/dev/null || :
  fi
  size=$(stat -L -c %s "$filler")
done`;

const HINT =
  'check that the option path names a directory of the guest on a writable file system, that the guest has dd, stat and truncate, and that its agent runs as root';

/** Fills a file system of the guest. */
export async function fillDisk(machine: Machine, path: string, freeBytes: number): Promise<Fault> {
  return holdInGuest(machine, 'disk.fill', FILL, [path, String(freeBytes)], HINT);
}
