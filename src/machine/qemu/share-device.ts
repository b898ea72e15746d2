import type { SharePlan } from '../share/share-plan.ts';

/** The guest's device of a share, for -device and device_add. */
export interface ShareDevice {
  readonly driver: string;
  readonly id: string;
  readonly [property: string]: string;
}

export function shareDeviceId(tag: string): string {
  return `${tag}-device`;
}

export function shareDevice({ tag, port, bus = port }: Pick<SharePlan, 'tag' | 'port' | 'bus'>): ShareDevice {
  return {
    driver: 'vhost-user-fs-pci',
    id: shareDeviceId(tag),
    chardev: tag,
    tag,
    ...(bus !== undefined && { bus, addr: '0' }),
  };
}
