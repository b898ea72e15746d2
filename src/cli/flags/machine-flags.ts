import type { Command } from 'commander';
import { addImageFlags } from './create-flags.ts';
import { LIMIT_HELP, choice, collect, durationMs, wholeNumber } from './flag-values.ts';
import { addSeedFlags } from './seed-flags.ts';

/** What `run` and `template create` take alike to describe a machine that nobody keeps. */
export function addMachineFlags(command: Command): Command {
  command
    .option('-m, --memory <size>', 'memory such as 512M (default: 256M; 2G for a disk)')
    .option('--cpus <n>', 'virtual processors (default: 1)', wholeNumber)
    .option(
      '--disk <disk>',
      'fresh disk such as 2G, or FILE[,format=qcow2|raw][,readonly][,trusted]',
      collect,
    )
    .addOption(choice('--net <kind>', 'network (default: auto)', ['auto', 'passt', 'slirp', 'none']))
    .addOption(choice('--accel <kind>', 'accelerator (default: auto)', ['auto', 'kvm', 'tcg']))
    .option('--limit <limits>', LIMIT_HELP)
    .option('--kernel <file>', 'boot this Linux kernel')
    .option('--initrd <file>', 'initramfs for --kernel; the agent is added to it')
    .option('--append <words>', "more of the kernel's command line")
    .option('--boot-timeout <time>', 'how long booting may take (default: 2m; 10m for a disk)', durationMs)
    .option('--console', "show the guest's serial console on stderr")
    .option('--debug', 'say on stderr what is done and when, as JSON lines');
  return addSeedFlags(addImageFlags(command, "the image's own"));
}
