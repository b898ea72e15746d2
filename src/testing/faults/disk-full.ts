import type { Machine } from '../../machine/running/machine.ts';
import type { Fault } from './fault.ts';
import { holdInGuest } from './guest-hold.ts';

/**
 * The file has no name: whoever looks into the folder sees only that there is no room, and after a power cut the file
 * system takes it back. Where blocks cannot be reserved they are written. What the file system notes of the file takes
 * blocks too, so that one round does not do, and one may take too much.
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

/** Fills a file system of the guest up. */
export async function fillDisk(machine: Machine, path: string, freeBytes: number): Promise<Fault> {
  return holdInGuest(machine, 'disk.fill', FILL, [path, String(freeBytes)]);
}
