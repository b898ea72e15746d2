import { type Command, Option } from 'commander';
import type { GuestOptions } from '../../index.ts';

/** What commander makes of the flags that describe the guest on an image which no catalogue describes. */
export interface GuestFlags {
  readonly user?: string;
  readonly firmware?: GuestOptions['firmware'];
  readonly cpu?: GuestOptions['cpu'];
  readonly provisioner?: GuestOptions['provisioner'];
  readonly agent?: true;
}

/** @param prefix what their descriptions begin with, where they are for one kind of image alone. */
export function addGuestFlags(command: Command, prefix = ''): Command {
  return command
    .option('--user <user>', `${prefix}the account that is on it, where ssh logs in (default: none)`)
    .addOption(
      new Option('--firmware <kind>', `${prefix}what boots it (default: bios)`).choices(['bios', 'uefi']),
    )
    .addOption(
      new Option('--cpu <level>', `${prefix}what its programs need at least (default: x86-64)`).choices([
        'x86-64',
        'x86-64-v2',
        'x86-64-v3',
      ]),
    )
    .addOption(
      new Option(
        '--provisioner <kind>',
        `${prefix}what on it sets up users at the first boot (default: cloud-init)`,
      ).choices(['cloud-init', 'nuageinit', 'tiny-cloud', 'none']),
    )
    .option('--agent', `${prefix}vmlet's agent is on it, as on what was built here`);
}

/** Undefined where none was given. */
export function guestOptions({ user, firmware, cpu, provisioner, agent }: GuestFlags): GuestOptions {
  return { user, firmware, cpu, provisioner, agent };
}
