import { join } from 'node:path';
import type { Locations } from '../paths/locations.ts';

/** The paths of one volume. */
export interface VolumeFiles {
  /** `$XDG_DATA_HOME/vmlet/volumes/NAME`, 0700. */
  readonly directory: string;
  /** A raw disk with an ext4 file system. */
  readonly disk: string;
  /** One directory for each throw-away machine that uses it, with its owner encoded in its name. */
  readonly users: string;
}

/** Paths of a volume in its directory, wherever that is now. */
export function volumeFilesIn(directory: string): VolumeFiles {
  return { directory, disk: join(directory, 'disk.raw'), users: join(directory, 'users') };
}

export function volumeFiles({ volumes }: Pick<Locations, 'volumes'>, name: string): VolumeFiles {
  return volumeFilesIn(join(volumes, name));
}

/** The directory beside the volumes in which one is created or removed. */
export function volumeStaging({ volumes }: Pick<Locations, 'volumes'>): string {
  return join(volumes, '.staging');
}
