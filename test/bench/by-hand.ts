import { dryRun } from '../../src/index.ts';

/** The kernel hands what follows `--` to the first process: a shell that does the same job and powers off. */
const JOB = 'rdinit=/bin/sh -- -c "true; poweroff -f"';

/**
 * The script that somebody would write who has no vmlet: the same argv, kernel, initramfs, confinement and passt as
 * `vmlet run micro`, from the dry run. Nothing in it sets up the guest: no module is loaded, no address given.
 */
export async function scriptByHand(net: 'auto' | 'none'): Promise<string> {
  const { script } = await dryRun({ image: 'micro', net, append: JOB });
  // The dry run's own pace would cost by hand the most of 50 ms.
  return script.replace('sleep 0.05', 'sleep 0.005');
}
