import { type FoundPath, findOnDisk } from './found-path.ts';
import { grantsOf } from './grants.ts';
import { landlockOptions } from './landlock.ts';
import type { Layers } from './layers.ts';
import { newRootOptions } from './new-root.ts';

/**
 * What one program may reach; everything else is refused, whoever asks.
 * Each path is absolute: a file, or the top of a tree. What does not exist is left out.
 */
export interface Confinement {
  /** Programs it is made of: itself, its loader. May be executed and read. */
  readonly execute: readonly string[];
  readonly readOnly: readonly string[];
  /** Files and device nodes that are opened for reading and writing; in a directory, nothing can be made or removed. */
  readonly readWrite: readonly string[];
  /** Directories in which it may make, change and remove what it likes. They exist when it starts. */
  readonly own: readonly string[];
}

/** Finds what is there. */
export type FindPath = (path: string) => FoundPath | undefined;

/**
 * Options of vmlet-confine that put layers around a program, for whoever takes a `confinement`.
 * @param find for tests.
 */
export function confine(
  confinement: Confinement,
  { namespaces, landlock, seccomp, longestFile }: Layers,
  find: FindPath = findOnDisk,
): string[] {
  const grants = grantsOf(confinement, find);
  return [
    ...NO_CORE,
    ...(longestFile === undefined ? [] : ['--limit', `fsize=${longestFile}`]),
    ...(namespaces.length === 0 ? [] : ['--unshare', namespaces.join(',')]),
    ...(namespaces.includes('mount') ? newRootOptions(grants) : []),
    ...(landlock ? landlockOptions(grants, landlock) : []),
    ...(seccomp.length === 0 ? [] : ['--seccomp', seccomp.join(',')]),
  ];
}

/** A core has the guest's memory in it, and is as large. */
export const NO_CORE = ['--limit', 'core=0'] as const;
