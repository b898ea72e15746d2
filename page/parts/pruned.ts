import type { Image, UsageItem, Volume } from '../api/types.ts';
import { bytes } from './format.ts';

/** The items that a prune removed, or would remove. */
export interface Pruned {
  readonly images?: readonly Image[] | undefined;
  readonly leftovers?: readonly UsageItem[] | undefined;
  readonly volumes?: readonly Volume[] | undefined;
}

interface Going {
  readonly name: string;
  readonly bytes: number;
}

export function goingOf({ images = [], leftovers = [], volumes = [] }: Pruned): Going[] {
  return [
    ...[...leftovers, ...volumes].map(({ name, hostBytes }) => ({ name, bytes: hostBytes })),
    ...images.map((image) => ({ name: nameOf(image), bytes: image.bytes })),
  ];
}

/** For example `2 images, 1.2 GiB`. */
export function describePruned(pruned: Pruned): string {
  const { images, leftovers, volumes } = pruned;
  const total = bytes(goingOf(pruned).reduce((sum, one) => sum + one.bytes, 0));
  const counts = [count(leftovers, 'leftover'), count(images, 'image'), count(volumes, 'volume')];
  return `${counts.filter(Boolean).join(' and ')}, ${total}`;
}

export function nameOf({ names, digest }: Image): string {
  return names.join(', ') || `sha256:${digest.slice(0, 12)}`;
}

function count(items: readonly unknown[] | undefined, thing: string): string {
  return items ? `${items.length} ${thing}${items.length === 1 ? '' : 's'}` : '';
}
