import { dryRun } from '../../src/index.ts';

/**
 * A word for the kernel's command line that means nothing and is of another length each time. How long the line is
 * shifts what the kernel allocates after it, and that alone is up to 200 ms of a boot under TCG: two sides with two
 * lines could be compared for ever without an end to it.
 */
export function padding(): string {
  return `bench.padding=${'x'.repeat(1 + Math.floor(Math.random() * 300))}`;
}

/** The kernel hands what follows `--` to the first process: a shell that does the same job and powers off. */
const JOB = 'rdinit=/bin/sh PADDING -- -c "true; poweroff -f"';

/**
 * The script that somebody would write who has no vmlet: the same argv, kernel, initramfs, confinement and passt as
 * `vmlet run micro`, from the dry run. Nothing in it sets up the guest: no module is loaded, no address given.
 * PADDING in it is to be replaced.
 */
export async function scriptByHand(net: 'auto' | 'none'): Promise<string> {
  const { script } = await dryRun({ image: 'micro', net, append: JOB });
  // The dry run's own pace would cost by hand the most of 50 ms.
  return script.replace('sleep 0.05', 'sleep 0.005');
}
