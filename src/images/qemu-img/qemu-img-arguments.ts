import type { DiskFormat } from '../formats/disk-info.ts';

/**
 * The command lines of qemu-img that create and change disks, as they are run and as a dry run prints them. Short
 * options are used because the long ones are recent (`--quiet` for most commands in 2024).
 */

export interface CreateArguments {
  readonly path: string;
  readonly format: DiskFormat;
  readonly sizeBytes: number;
  /** `name` is stored in the new disk as it is given. */
  readonly backing?: { readonly name: string; readonly format: DiskFormat } | undefined;
}

export function createArguments({ path, format, sizeBytes, backing }: CreateArguments): string[] {
  // Without -u qemu-img opens the backing file, and every file that its header names.
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

/** Creates, applies or deletes an internal snapshot. */
export type SnapshotVerb = '-c' | '-a' | '-d';

/** @param image in the form of --image-opts: for this command, older releases have no option for the format alone. */
export function snapshotArguments(verb: SnapshotVerb, name: string, image: string): string[] {
  return ['snapshot', '-q', verb, name, '--image-opts', image];
}

/** @param image in the form of --image-opts. */
export function repairArguments(image: string): string[] {
  return ['check', '-q', '-r', 'all', '--image-opts', image];
}
