/** Linux's message when it panics and halts: kernel/panic.c. */
const PANIC = /Kernel panic - not syncing: (.*?)(?: \]---)?\s*$/;
const STANDS_STILL = /---\[ end Kernel panic - not syncing: /;
/** Linux numbers the oopses since boot: arch/x86/kernel/dumpstack.c. */
const OOPS = /Oops: .*\[#(\d+)\]/;
/**
 * A guest can survive an oops in a driver. A kernel without memory for its own tables oopses again while it
 * reports an oops.
 */
const FATAL_OOPSES = 10;
const LONGEST_REASON = 200;
/** The agent's last line, as PID 1, about a part that the kernel lacks. */
const LACK = /vmlet-agent: (host: (?:virtiofs|overlay|tmpfs)|virtio console port): (.*?)\s*$/;

/** True when a console line shows that this boot cannot continue. */
export function isLastOfKernel(line: string): boolean {
  return STANDS_STILL.test(line) || Number(OOPS.exec(line)?.[1] ?? 0) >= FATAL_OOPSES;
}

/** A kernel that lacks what vmlet needs. */
export interface KernelLack {
  readonly problem: string;
  readonly hint: string;
}

/** Describes what the agent has missed in the kernel, based on its output; undefined for nothing. */
export function describeLack(lines: readonly string[]): KernelLack | undefined {
  const [, part = '', reason = ''] =
    lines.map((line) => LACK.exec(line)).findLast((found) => found !== null) ?? [];
  if (part === '') return undefined;
  const isOfHost = part.startsWith('host: ');
  const name = isOfHost ? part.slice('host: '.length) : part;
  const what = isOfHost
    ? "cannot mount this host's file system"
    : 'has no driver for the channel to the vmlet agent';
  const options = [
    ...['CONFIG_VIRTIO_PCI', 'CONFIG_VIRTIO_CONSOLE', 'CONFIG_DEVTMPFS', 'CONFIG_TMPFS'],
    ...(isOfHost ? ['CONFIG_FUSE_FS', 'CONFIG_VIRTIO_FS', 'CONFIG_OVERLAY_FS'] : []),
  ];
  return {
    problem: `the guest's kernel ${what} (${name}: ${printable(reason)})`,
    hint: `use a kernel with ${options.join(', ')} built in, or add the modules of this kernel: --modules DIR`,
  };
}

/** Describes how the kernel died, based on its output; undefined for one that did not die. */
export function describeDeath(lines: readonly string[]): string | undefined {
  const reason = lines.map((line) => PANIC.exec(line)?.[1]).findLast((found) => found !== undefined);
  if (reason !== undefined) return `the guest's kernel panicked: ${printable(reason)}`;
  return lines.some(isLastOfKernel) ? "the guest's kernel reported several errors (oopses)" : undefined;
}

/** Strips control characters: the guest's output is untrusted, and this goes into a message. */
function printable(words: string): string {
  return words.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, LONGEST_REASON);
}
