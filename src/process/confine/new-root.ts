import type { Grant } from './grants.ts';

interface Bind {
  readonly path: string;
  readonly kind: 'directory' | 'file';
  readonly writable: boolean;
}

/**
 * Returns the options for a root directory that contains only the granted files, at the same paths; symbolic
 * links on the way to a file are included.
 */
export function newRootOptions(grants: readonly Grant[]): string[] {
  const binds = withoutInner(grants.map(bindOf));
  const links = new Map<string, string>();
  for (const { path, target } of grants.flatMap((grant) => grant.links)) {
    // Otherwise the link is already in a mounted directory.
    if (!binds.some((bind) => isWithin(path, bind))) links.set(path, target);
  }
  return [
    ...binds.flatMap(({ path, writable }) => [writable ? '--bind' : '--bind-read-only', path]),
    ...[...links].flatMap(([path, target]) => ['--symlink', target, path]),
  ];
}

function bindOf({ path, kind, access }: Grant): Bind {
  return { path, kind, writable: access !== 'execute' && access !== 'read-only' };
}

/** Outer ones first, without those that are inside another one with at least the same access. */
function withoutInner(binds: readonly Bind[]): Bind[] {
  const outerFirst = [...binds].sort(
    (one, other) => one.path.length - other.path.length || Number(other.writable) - Number(one.writable),
  );
  const kept: Bind[] = [];
  for (const bind of outerFirst) {
    const around = kept.findLast((outer) => outer.path === bind.path || isWithin(bind.path, outer));
    if (around === undefined || (bind.writable && !around.writable)) kept.push(bind);
  }
  return kept;
}

function isWithin(path: string, { path: top, kind }: Bind): boolean {
  return kind === 'directory' && path.startsWith(top === '/' ? '/' : `${top}/`);
}
