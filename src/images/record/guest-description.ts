import type { CpuLevel } from '../../util/system/cpu-level.ts';

/** Requirements and features of the system on an image, as its publisher or builder states them. */
export interface GuestDescription {
  /** The publisher's account for ssh; undefined if there is none, or it is unknown. */
  readonly user: string | undefined;
  /** Firmware to boot it with; `bios`, which is faster, if both work. */
  readonly firmware: 'bios' | 'uefi';
  /** The level of the x86-64 psABI that its programs require. */
  readonly cpu: CpuLevel;
  /** The program that reads a NoCloud seed at the first boot, or `none`. */
  readonly provisioner: 'cloud-init' | 'nuageinit' | 'tiny-cloud' | 'none';
  /** True when vmlet's agent is installed and starts at boot. */
  readonly agent: boolean;
}

export function isSameGuest(one: GuestDescription, other: GuestDescription): boolean {
  return (
    one.user === other.user &&
    one.firmware === other.firmware &&
    one.cpu === other.cpu &&
    one.provisioner === other.provisioner &&
    one.agent === other.agent
  );
}
