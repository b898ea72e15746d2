import type { DiskImage, DiskLayer } from '../../images/record/image.ts';
import type { MountSet } from '../share/mount-set.ts';
import type { NamedVolume } from '../volume/named-volume.ts';
import type { FoundShare } from '../share/share-plan.ts';
import type { Spec } from '../spec/spec.ts';

/** An existing disk whose header was read. */
export interface FoundLayer extends DiskLayer {
  /** Its size as seen by a guest. */
  readonly virtualBytes: number;
}

/** A boot source whose files were found. */
export type BootSource =
  | {
      readonly kind: 'kernel';
      readonly kernelPath: string;
      readonly initrdPath: string | undefined;
      /** Whether the agent must be added to that initramfs as its first process. */
      readonly needsAgent: boolean;
      /** A directory whose modules must be added to that initramfs. */
      readonly modules?: string | undefined;
      /** Kernel parameters that come with it. */
      readonly append: readonly string[];
    }
  | {
      readonly kind: 'disk';
      readonly layer: FoundLayer;
      /** Undefined for a file of the user. */
      readonly image: DiskImage | undefined;
    };

/** A requested disk, with its file and backing files found. */
export type FoundDisk = { readonly sizeBytes: number } | (FoundLayer & { readonly readOnly: boolean });

/** Mounts whose directories and volumes were found. */
export interface FoundMounts extends Pick<MountSet, 'tmpfs'> {
  /** Over virtiofs. */
  readonly shares: readonly FoundShare[];
  readonly copies: readonly FoundShare[];
  readonly volumes: readonly FoundVolume[];
}

/** A volume that exists, or that the launch will create with this size. */
export interface FoundVolume extends NamedVolume {
  readonly path: string;
}

/** A spec with its disks and shared directories and volumes found. */
export type FoundSpec = Omit<Spec, 'disks' | 'shares' | 'volumes'> &
  FoundMounts & {
    readonly disks: readonly FoundDisk[];
    /** Working directory of commands by default; undefined for the guest's root directory. */
    readonly directory?: string | undefined;
  };
