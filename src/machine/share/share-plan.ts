import type { Layers } from '../../process/confine/layers.ts';
import type { Share } from './share.ts';
import type { HostIds, VirtiofsdOptions } from './virtiofsd-argv.ts';

/** A share whose directory exists. */
export interface FoundShare extends Share {
  /** Without symbolic links. */
  readonly source: string;
  /** The user who runs virtiofsd. */
  readonly runsAs: HostIds;
  /** True when root runs it as the owner of the directory. */
  readonly changesUser: boolean;
  /** With the host's system, for which `source` is a directory in virtiofsd's own root: what it contains. */
  readonly shows?: readonly string[];
}

/** virtiofsd on this host. */
export interface Virtiofsd extends VirtiofsdOptions {
  readonly path: string;
  /** It hands its state over when QEMU saves the machine; undefined in plans of earlier releases. */
  readonly migrates?: boolean | undefined;
}

/** A share with every choice made. */
export interface SharePlan extends FoundShare {
  /** The guest mounts it by this name; it is QEMU's id, too. */
  readonly tag: string;
  readonly virtiofsd: Virtiofsd;
  /** The port that its device is plugged into when the guest's state has been restored; undefined for one that boots with it. */
  readonly port: string | undefined;
  /** The port of a device that is there from the start; the root bus by default. */
  readonly bus?: string | undefined;
  /** QEMU connects to this socket. */
  readonly socketPath: string;
  /** The layers of confinement that vmlet-confine applies to virtiofsd. */
  readonly layers: Layers;
}
