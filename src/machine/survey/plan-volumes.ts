import type { Locations } from '../paths/locations.ts';
import type { VolumePlan } from '../plan/plan.ts';
import type { NamedVolume } from '../volume/named-volume.ts';
import { findVolume } from '../volume/volume.ts';
import { volumeFiles } from '../volume/volume-files.ts';
import type { FoundVolume } from './found-spec.ts';

/** Finds volumes; those that are missing get the requested size. */
export function findVolumes(locations: Locations, volumes: readonly NamedVolume[]): FoundVolume[] {
  return volumes.map((volume) => {
    const { path, sizeBytes } = findVolume(locations, volume.name) ?? {
      path: volumeFiles(locations, volume.name).disk,
      sizeBytes: volume.sizeBytes,
    };
    return { ...volume, path, sizeBytes };
  });
}

/** Plans the disks of volumes in the order of their devices; `ports` as for shares. */
export function planVolumes(volumes: readonly FoundVolume[], ports: readonly string[] = []): VolumePlan[] {
  return volumes.map(({ name, target, readOnly, path, sizeBytes }, index) => {
    const nodeName = `volume${index}`;
    return {
      name,
      target,
      readOnly,
      sizeBytes,
      port: ports[index],
      disk: {
        nodeName,
        path,
        format: 'raw',
        readOnly,
        backing: undefined,
        createBytes: undefined,
        cache: 'writeback',
        discard: true,
        serial: nodeName,
        bus: ports[index],
        bootIndex: undefined,
      },
    };
  });
}

/** Returns the files of volumes that QEMU only reads. */
export function readOnlyVolumes(volumes: readonly VolumePlan[]): string[] {
  return volumes.filter(({ readOnly }) => readOnly).map(({ disk }) => disk.path);
}
