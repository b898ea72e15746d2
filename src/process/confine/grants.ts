import type { Confinement } from './confinement.ts';
import { type FindPath, type FoundPath, type Link, findDirectory } from './found-path.ts';

/**
 * From less to more. Each level includes the previous ones, except `execute`, which is reading and executing
 * only.
 */
export type Access = 'execute' | 'read-only' | 'read-write' | 'own' | 'served';

/** A file or a tree, with the permitted access. */
export interface Grant extends FoundPath {
  readonly access: Access;
  /** Directory of the program's root in which the path is found; the root itself by default. */
  readonly below?: string;
}

/**
 * Resolves a confinement on this host; a path that is named twice is returned twice. Symbolic links inside
 * the program's own directories are not followed: an earlier run of the program may have created them.
 */
export function grantsOf(
  { execute, readOnly, readWrite, own, served = [], shown }: Confinement,
  find: FindPath,
): Grant[] {
  const owned = own.map((path) => ({ ...(find(path) ?? findDirectory(path)), access: 'own' as const }));
  const isOfItsMaking = ({ path }: Link): boolean => owned.some((top) => path.startsWith(`${top.path}/`));
  const those = (paths: readonly string[], access: Access): Grant[] =>
    paths.flatMap((path) => {
      const found = find(path);
      return found && !found.links.some(isOfItsMaking) ? [{ ...found, access }] : [];
    });
  return [
    ...those(execute, 'execute'),
    ...those(readOnly, 'read-only'),
    ...those(readWrite, 'read-write'),
    ...owned,
    ...those(served, 'served'),
    ...(shown ? those(shown.paths, 'read-only').map((grant) => ({ ...grant, below: shown.below })) : []),
  ];
}
