import { formatBytes } from '../../public/format.ts';
import { type UnusedOption, lookAtMounts, unusedOptions } from '../../public/given-mounts.ts';
import type { VolumeFlags } from '../flags/volume-owner.ts';
import { note } from '../output/say.ts';

/** Says which options of mounts have no effect, before a machine is made. @throws InvalidInputError for an invalid mount. */
export function sayMountNews(flags: VolumeFlags): void {
  for (const option of lookAtMounts(flags).flatMap(unusedOptions)) sayUnused(option);
}

function sayUnused({ volume, option, actual }: UnusedOption): void {
  const what = 'bytes' in actual ? `has ${formatBytes(actual.bytes)}` : `belongs to ${actual.owner}`;
  note(`volume "${volume.name}" exists and ${what}; ${option} has no effect`);
}
