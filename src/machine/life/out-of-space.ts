import * as z from 'zod';

/**
 * The machine is paused because the host has no space left for the guest's writes. QEMU keeps the requests
 * and retries them when the machine resumes, so nothing is lost. Other disk errors are reported to the guest.
 */
export interface OutOfSpace {
  /** The disk's name, such as `disk0`. */
  readonly disk: string;
}

/**
 * The fields of QEMU's BLOCK_IO_ERROR that are used here. QEMU versions without `node-name` send `device`.
 */
const diskError = z.looseObject({
  action: z.string(),
  nospace: z.boolean().optional(),
  'node-name': z.string().optional(),
  device: z.string().optional(),
});

/** @returns undefined for an error that does not pause the machine. */
export function outOfSpaceOf(data: unknown): OutOfSpace | undefined {
  const error = diskError.safeParse(data).data;
  if (error?.action !== 'stop' || error.nospace !== true) return undefined;
  return { disk: error['node-name'] ?? error.device ?? 'a disk' };
}

/** A description without a full stop. */
export function describeOutOfSpace({ disk }: OutOfSpace): string {
  return `no space left on the host for ${disk}`;
}
