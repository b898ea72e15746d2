/** How Linux says why it panics, and that it stands still for good after it: kernel/panic.c. */
const PANIC = /Kernel panic - not syncing: (.*?)(?: \]---)?\s*$/;
const STANDS_STILL = /---\[ end Kernel panic - not syncing: /;
/** Counts the oopses since the boot: arch/x86/kernel/dumpstack.c. */
const OOPS = /Oops: .*\[#(\d+)\]/;
/** A driver's oops can be survived. A kernel that has no memory for its own tables meets one while it tells of another. */
const FATAL_OOPSES = 10;
const LONGEST_REASON = 200;

/** Whether a line on the console says that this boot will come no further. */
export function isLastOfKernel(line: string): boolean {
  return STANDS_STILL.test(line) || Number(OOPS.exec(line)?.[1] ?? 0) >= FATAL_OOPSES;
}

/** What the kernel died of last, by what it printed; undefined for one that did not die. */
export function describeDeath(lines: readonly string[]): string | undefined {
  const reason = lines.map((line) => PANIC.exec(line)?.[1]).findLast((found) => found !== undefined);
  if (reason !== undefined) return `the guest's kernel panicked: ${printable(reason)}`;
  return lines.some(isLastOfKernel)
    ? "the guest's kernel meets one fault of its own after another"
    : undefined;
}

/** A guest may print anything, and this goes into a sentence. */
function printable(words: string): string {
  return words.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_REASON);
}
