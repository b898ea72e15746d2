import type { Grant } from './grants.ts';

interface Bind {
  /** On the host. */
  readonly source: string;
  /** In the new root. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  readonly writable: boolean;
}

/**
 * Returns the options for a root directory that contains only the granted files, at the same paths or below a
 * directory of their own; symbolic links on the way to a file are included.
 */
export function newRootOptions(grants: readonly Grant[]): string[] {
  const binds = withoutInner(grants.map(bindOf));
  const links = new Map<string, string>();
  for (const { links: followed, below = '' } of grants) {
    for (const { path, target } of followed) {
      const place = `${below}${path}`;
      // Otherwise the link is already in a mounted directory.
      if (!binds.some((bind) => isWithin(place, bind))) links.set(place, target);
    }
  }
  return [
    ...binds.flatMap(bindOption),
    ...[...links].flatMap(([path, target]) => ['--symlink', target, path]),
  ];
}

function bindOf({ path, kind, access, below = '' }: Grant): Bind {
  const writable = access !== 'execute' && access !== 'read-only';
  return { source: path, path: `${below}${path}`, kind, writable };
}

function bindOption({ source, path, writable }: Bind): string[] {
  if (source !== path) return ['--bind-read-only-at', source, path];
  return [writable ? '--bind' : '--bind-read-only', path];
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
