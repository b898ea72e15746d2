import type { DiskFormat } from '../formats/disk-info.ts';

/**
 * The command lines of qemu-img for disks that are made and changed, as they are run and as a dry run prints them. Long
 * names of its options came late (`--quiet` for most commands in 2024): `-q` is understood by each.
 */

export interface CreateArguments {
  readonly path: string;
  readonly format: DiskFormat;
  readonly sizeBytes: number;
  /** Its name as the new disk holds it. */
  readonly backing?: { readonly name: string; readonly format: DiskFormat } | undefined;
}

export function createArguments({ path, format, sizeBytes, backing }: CreateArguments): string[] {
  // Without -u qemu-img opens the backing file, and with it whatever files its header names.
  const names = backing ? ['-u', '-F', backing.format, '-b', backing.name] : [];
  return ['create', '-q', '-f', format, ...names, path, String(sizeBytes)];
}

export interface ResizeArguments {
  readonly path: string;
  readonly format: DiskFormat;
  readonly sizeBytes: number;
  readonly shrink: boolean;
}

export function resizeArguments({ path, format, sizeBytes, shrink }: ResizeArguments): string[] {
  return ['resize', '-q', ...(shrink ? ['--shrink'] : []), '-f', format, path, String(sizeBytes)];
}

/** What is done to an internal snapshot: made, gone back to, removed. */
export type SnapshotVerb = '-c' | '-a' | '-d';

/** @param image in the form of --image-opts: older releases have no option for the format here alone. */
export function snapshotArguments(verb: SnapshotVerb, name: string, image: string): string[] {
  return ['snapshot', '-q', verb, name, '--image-opts', image];
}

/** @param image in the form of --image-opts. */
export function repairArguments(image: string): string[] {
  return ['check', '-q', '-r', 'all', '--image-opts', image];
}
