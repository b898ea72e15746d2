import { formatBytes } from '../../public/format.ts';
import type { Image } from '../../index.ts';

/** Of pull and import alike. */
export const ANY_SIZE =
  'unpack what is larger than its header says, or than half of the free space where that says nothing';

/** How sure it is that an image is what its publisher made, in one word; `built` for what was made here. */
export function describeVerification(image: Image): string {
  if (image.kind === 'kernel' || !('verification' in image.origin)) return 'built';
  return image.origin.verification;
}

/** Where an image came from, in one word. */
export function describeOrigin(image: Image): string {
  return image.kind === 'kernel' ? 'built' : image.origin.kind;
}

/** As in `2 images, 1.2 GiB`. */
export function describeAmount(count: number, thing: string, bytes: number): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}, ${formatBytes(bytes)}`;
}
