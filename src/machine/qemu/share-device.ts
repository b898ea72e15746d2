import type { SharePlan } from '../share/share-plan.ts';

/** The guest's device of a share, for -device and device_add. */
export interface ShareDevice {
  readonly driver: string;
  readonly id: string;
  readonly [property: string]: string;
}

export function shareDevice({ tag, port }: Pick<SharePlan, 'tag' | 'port'>): ShareDevice {
  return {
    driver: 'vhost-user-fs-pci',
    id: `${tag}-device`,
    chardev: tag,
    tag,
    ...(port !== undefined && { bus: port, addr: '0' }),
  };
}
