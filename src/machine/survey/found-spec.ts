import type { DiskImage, DiskLayer } from '../../images/record/image.ts';
import type { Spec } from '../spec/spec.ts';

/** A disk that is there, whose header was read. */
export interface FoundLayer extends DiskLayer {
  /** What a guest sees of it. */
  readonly virtualBytes: number;
}

/** What a boot starts from, with its files found. */
export type BootSource =
  | {
      readonly kind: 'kernel';
      readonly kernelPath: string;
      readonly initrdPath: string | undefined;
      /** Whether the agent has to be added to that initramfs, to be its first process. */
      readonly needsAgent: boolean;
      /** Kernel parameters that come with it. */
      readonly append: readonly string[];
    }
  | {
      readonly kind: 'disk';
      readonly layer: FoundLayer;
      /** Undefined for a file of the user's. */
      readonly image: DiskImage | undefined;
    };

/** A disk as it was asked for, with its file found and all that this stands on. */
export type FoundDisk = { readonly sizeBytes: number } | (FoundLayer & { readonly readOnly: boolean });

/** A spec with its disks found. */
export type FoundSpec = Omit<Spec, 'disks'> & { readonly disks: readonly FoundDisk[] };
