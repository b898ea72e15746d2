import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** An image could not be built: the host's packages, a kernel or a busybox is not what is needed. */
export class ImageBuildError extends VmletError {
  override readonly code = 'VMLET_IMAGE_BUILD';
}

export class ImageNotFoundError extends VmletError {
  override readonly code = 'VMLET_IMAGE_NOT_FOUND';
  readonly image: string;

  constructor(image: string, details: ErrorDetails = {}) {
    super(`there is no image ${image}`, details);
    this.image = image;
  }
}

/** Something stands on an image that was to be removed. `users` are words such as "the machine web" or "app:1". */
export class ImageInUseError extends VmletError {
  override readonly code = 'VMLET_IMAGE_IN_USE';
  readonly image: string;
  readonly users: readonly string[];

  constructor(image: string, users: readonly string[]) {
    super(`the image ${image} is needed by ${users.join(', ')}`, {
      hint: 'remove those first; a name alone can be given to another image: vmlet image tag',
    });
    this.image = image;
    this.users = users;
  }
}

/** Another process holds a lock on a disk image. `holders` names them where /proc tells, as in "qemu-system-x86_64 (pid 42)". */
export class ImageLockedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_LOCKED';
  readonly path: string;
  readonly holders: readonly string[];

  constructor(path: string, holders: readonly string[], details: ErrorDetails = {}) {
    super(`${path} is in use by ${holders.length > 0 ? holders.join(', ') : 'another process'}`, details);
    this.path = path;
    this.holders = holders;
  }
}

/** A disk image was looked at before QEMU was to see it, and is not given to it. */
export class ImageRefusedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_REFUSED';
  /** The option that named it, as in `disks[0]`. */
  readonly field: string;
  /** The file; of one that was pulled, its address. */
  readonly path: string;
  /** All that is wrong with it, each a sentence without its subject, which is the path. Never empty. */
  readonly reasons: readonly string[];

  constructor(field: string, path: string, reasons: readonly string[], details: ErrorDetails = {}) {
    super(`${field}: ${path} ${reasons[0] ?? 'is refused'}`, details);
    this.field = field;
    this.path = path;
    this.reasons = reasons;
  }
}
