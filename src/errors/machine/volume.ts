import { VmletError } from '../base/vmlet-error.ts';

/** No volume has this name. */
export class VolumeNotFoundError extends VmletError {
  override readonly code = 'VMLET_VOLUME_NOT_FOUND';
  readonly volume: string;

  constructor(volume: string) {
    super(`no such volume: ${volume}`, { hint: 'list volumes with: vmlet volume ls' });
    this.volume = volume;
  }
}

/** The name of a new volume is taken. */
export class VolumeExistsError extends VmletError {
  override readonly code = 'VMLET_VOLUME_EXISTS';
  readonly volume: string;

  constructor(volume: string) {
    super(`volume "${volume}" already exists`, {
      hint: `choose another name, or look at the existing volume: vmlet volume inspect ${volume}`,
    });
    this.volume = volume;
  }
}

/** Machines use the volume: it cannot be removed, or mounted by another machine for writing. */
export class VolumeInUseError extends VmletError {
  override readonly code = 'VMLET_VOLUME_IN_USE';
  readonly volume: string;
  /** Descriptions such as `machine "web"`. */
  readonly users: readonly string[];

  constructor(volume: string, users: readonly string[], hint: string, cause?: unknown) {
    super(`volume "${volume}" is in use by ${users.length > 0 ? users.join(', ') : 'another process'}`, {
      hint,
      cause,
    });
    this.volume = volume;
    this.users = users;
  }
}
