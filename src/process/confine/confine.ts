import type { Confinement } from './confinement.ts';
import { type FindPath, finderOnDisk } from './found-path.ts';
import { grantsOf } from './grants.ts';
import { landlockOptions } from './landlock.ts';
import type { Layers } from './layers.ts';
import { newRootOptions } from './new-root.ts';

/**
 * Returns the options of vmlet-confine that apply these layers to a program, for use as `confinement`.
 * @param find for tests.
 */
export function confine(
  confinement: Confinement,
  { namespaces, landlock, seccomp, longestFile }: Layers,
  find: FindPath = finderOnDisk(),
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

/** Runs the program as another user, for root. */
export function asUser({ uid, gid }: { readonly uid: number; readonly gid: number }): string[] {
  return ['--user', `${uid}:${gid}`];
}

/** Leaves root these capabilities in namespaces of its own. */
export function keepCapabilities(names: readonly string[]): string[] {
  return ['--keep', names.join(',')];
}

/** A core dump contains the guest's memory, and is as large. */
export const NO_CORE = ['--limit', 'core=0'] as const;
