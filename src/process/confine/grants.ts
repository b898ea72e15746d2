import type { Confinement } from './confinement.ts';
import { type FindPath, type FoundPath, type Link, findDirectory } from './found-path.ts';

/** From less to more: each includes those before it but `execute`, which is reading and running alone. */
export type Access = 'execute' | 'read-only' | 'read-write' | 'own';

/** A file or a tree, and what may be done with it. */
export interface Grant extends FoundPath {
  readonly access: Access;
}

/**
 * What a confinement comes to on this host; a path that is named twice comes twice. A link in a directory of its own may
 * be its own making, of an earlier run: what that leads to is not granted.
 */
export function grantsOf({ execute, readOnly, readWrite, own }: Confinement, find: FindPath): Grant[] {
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
  ];
}
