import { type Command, Option } from 'commander';
import type { GuestOptions } from '../../index.ts';

/** Flags that describe the guest of an image that is in no catalogue. */
export interface GuestFlags {
  readonly user?: string;
  readonly firmware?: GuestOptions['firmware'];
  readonly cpu?: GuestOptions['cpu'];
  readonly provisioner?: GuestOptions['provisioner'];
  readonly agent?: true;
}

/** @param prefix of the descriptions, for flags that apply to one kind of image only. */
export function addGuestFlags(command: Command, prefix = ''): Command {
  return command
    .option(
      '--user <user>',
      `${prefix}existing user in the image; if you run vmlet as root, vmlet ssh logs in as this user (default: root)`,
    )
    .addOption(
      new Option('--firmware <kind>', `${prefix}firmware that boots the image (default: bios)`).choices([
        'bios',
        'uefi',
      ]),
    )
    .addOption(
      new Option(
        '--cpu <level>',
        `${prefix}minimum CPU level that the image requires, such as x86-64-v2 (default: x86-64)`,
      ).choices(['x86-64', 'x86-64-v2', 'x86-64-v3']),
    )
    .addOption(
      new Option(
        '--provisioner <kind>',
        `${prefix}program in the image that sets up the guest at the first boot (default: cloud-init)`,
      ).choices(['cloud-init', 'nuageinit', 'tiny-cloud', 'none']),
    )
    .option(
      '--agent',
      `${prefix}declare that the image contains vmlet's agent (images from vmlet image build contain the agent)`,
    );
}

/** Returns the library's options; those whose flag was not given are undefined. */
export function guestOptions({ user, firmware, cpu, provisioner, agent }: GuestFlags): GuestOptions {
  return { user, firmware, cpu, provisioner, agent };
}
