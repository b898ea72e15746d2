import type { Confinement } from './confinement.ts';
import { type FindPath, findOnDisk } from './found-path.ts';
import { grantsOf } from './grants.ts';
import { landlockOptions } from './landlock.ts';
import type { Layers } from './layers.ts';
import { newRootOptions } from './new-root.ts';

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
