import type { Image, UsageItem } from '../api/types.ts';
import { bytes } from './format.ts';

/** The items that a prune removed, or would remove. */
export interface Pruned {
  readonly images: readonly Image[];
  readonly leftovers?: readonly UsageItem[] | undefined;
}

interface Going {
  readonly name: string;
  readonly bytes: number;
}

export function goingOf({ images, leftovers = [] }: Pruned): Going[] {
  return [
    ...leftovers.map(({ name, hostBytes }) => ({ name, bytes: hostBytes })),
    ...images.map((image) => ({ name: nameOf(image), bytes: image.bytes })),
  ];
}

/** For example `2 images, 1.2 GB`. */
export function describePruned(pruned: Pruned): string {
  const { images, leftovers } = pruned;
  const total = bytes(goingOf(pruned).reduce((sum, one) => sum + one.bytes, 0));
  const counts = [...(leftovers ? [count(leftovers.length, 'leftover')] : []), count(images.length, 'image')];
  return `${counts.join(' and ')}, ${total}`;
}

export function nameOf({ names, digest }: Image): string {
  return names.join(', ') || `sha256:${digest.slice(0, 12)}`;
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}
