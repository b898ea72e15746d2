import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** An image could not be built: the host's packages, kernel or busybox are not suitable. */
export class ImageBuildError extends VmletError {
  override readonly code = 'VMLET_IMAGE_BUILD';
}

/** No image in the store or the catalogue has this name. */
export class ImageNotFoundError extends VmletError {
  override readonly code = 'VMLET_IMAGE_NOT_FOUND';
  readonly image: string;

  constructor(image: string, details: ErrorDetails = {}) {
    super(`no such image: ${image}`, details);
    this.image = image;
  }
}

/** Whether the image is `micro`, which machines boot without a disk that is based on it. */
function isMicro(image: string): boolean {
  return /^micro($| \()/.test(image);
}

/** Returns the way to remove one user of an image. */
function removalOf(user: string, image: string): string {
  const [, digest] = / \(sha256:([0-9a-f]+)\)$/.exec(user) ?? [];
  const [, kind, name = ''] = /^(machine|template|pool) "(.+)"$/.exec(user) ?? [];
  if (kind === 'machine') {
    if (isMicro(image)) return `remove the machine first: vmlet rm ${name}`;
    // Only with --storage: a kept disk still uses the image, and a removed machine cannot be removed again.
    return `remove the machine with its disks first: vmlet rm --storage ${name}`;
  }
  if (kind === 'template') return `remove the template first: vmlet template rm ${name}`;
  if (kind === 'pool') return `remove the pool first: vmlet pool rm ${name}`;
  if (/^disk .*\/base-[0-9a-f]{8}-\d+-\d+-[0-9a-f]{6}\.qcow2$/.test(user)) {
    return 'first delete the kept disks that are based on this disk; to list all kept disks, run: vmlet system df --verbose';
  }
  if (user.startsWith('disk ')) return 'delete this disk first';
  if (digest !== undefined) return `remove that image first: vmlet image rm ${digest}`;
  if (user.startsWith('a ')) return 'try again when the throw-away machine has ended';
  return user.startsWith('an ')
    ? 'try again when the build has ended'
    : `remove that image first: vmlet image rm ${user}`;
}

/** Returns the way to give the image's name to another image; empty when only its digest is known. */
function retaggingOf(image: string): string {
  if (image === 'micro') return '; or, to replace the image, run: vmlet image build micro';
  const isDigest = /^[0-9a-f]+$|sha256:/.test(image);
  return isDigest ? '' : `; or, to move the name ${image} to another image: vmlet image tag IMAGE ${image}`;
}

/** An image cannot be removed while others use it. `users` has entries such as `machine "web"` or `app:1`. */
export class ImageInUseError extends VmletError {
  override readonly code = 'VMLET_IMAGE_IN_USE';
  readonly image: string;
  readonly users: readonly string[];

  constructor(image: string, users: readonly string[]) {
    super(`image "${image}" is in use by ${users.join(', ')}`, {
      hint: removalOf(users[0] ?? '', image) + retaggingOf(image),
    });
    this.image = image;
    this.users = users;
  }
}

/** Another process holds a lock on a disk image. `holders` names it when /proc shows it, as in "qemu-system-x86_64 (pid 42)". */
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

/** A disk image failed vmlet's checks and is not given to QEMU. */
export class ImageRefusedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_REFUSED';
  /** The option that named the image, as in `disks[0]`. */
  readonly field: string;
  /** Path of the file, or the address of an image that was pulled. */
  readonly path: string;
  /** All problems; each is a sentence without its subject, the path. Never empty. */
  readonly reasons: readonly string[];

  constructor(field: string, path: string, reasons: readonly string[], details: ErrorDetails = {}) {
    super(`${field}: ${path} ${reasons[0] ?? 'is rejected'}`, details);
    this.field = field;
    this.path = path;
    this.reasons = reasons;
  }
}
