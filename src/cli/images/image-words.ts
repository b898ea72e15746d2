import { formatBytes } from '../../public/format.ts';
import type { Image } from '../../index.ts';
import { note } from '../output/say.ts';

/** Shared by pull and import. */
export const ANY_SIZE =
  'do not limit the size of an unpacked file (default limit: the disk size in the header of the file, or half of the free space)';

/** For commands without progress that wait for the image store, which a build of `micro` locks for minutes. */
export function noteWait(): void {
  note('waiting for another process that is changing the images');
}

/** Verification of an image in one word; `built` for images built on this host. */
export function describeVerification(image: Image): string {
  if (image.kind === 'kernel' || !('verification' in image.origin)) return 'built';
  return image.origin.verification;
}

/** Origin of an image in one word. */
export function describeOrigin(image: Image): string {
  return image.kind === 'kernel' ? 'built' : image.origin.kind;
}

/** For example `2 images, 1.2 GiB`. */
export function describeAmount(count: number, thing: string, bytes: number): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}, ${formatBytes(bytes)}`;
}
