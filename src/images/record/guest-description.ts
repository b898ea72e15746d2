import type { CpuLevel } from '../../util/cpu-level.ts';

/** What the system on an image needs, and what it brings, as far as whoever published or built it said. */
export interface GuestDescription {
  /** Where ssh logs in by the publisher's own account; undefined where there is none or it is not known. */
  readonly user: string | undefined;
  /** What boots it; `bios` where both do, which is faster. */
  readonly firmware: 'bios' | 'uefi';
  /** The least level of the x86-64 psABI that its programs are compiled for. */
  readonly cpu: CpuLevel;
  /** What reads a NoCloud seed at the first boot; `none` where nothing does. */
  readonly provisioner: 'cloud-init' | 'nuageinit' | 'tiny-cloud' | 'none';
  /** vmlet's agent is in it and starts by itself. */
  readonly agent: boolean;
}
