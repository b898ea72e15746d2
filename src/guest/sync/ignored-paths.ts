import ignore from 'ignore';

/** Paths that are not synchronised: neither copied nor removed. */
export interface IgnoredPaths {
  /** @param path relative to the tree. */
  has(path: string, isDirectory: boolean): boolean;
  /** Names of directories that are ignored everywhere, so that they need not be read. */
  readonly names: readonly string[];
}

const PLAIN_NAME = /^[\w.@-]+\/?$/;

/** @param patterns lines in the grammar of .gitignore. */
export function ignoredPaths(patterns: readonly string[]): IgnoredPaths {
  const lines = patterns.flatMap((text) => text.split('\n')).map((line) => line.replace(/\r$/, ''));
  const rules = ignore({ ignorecase: false }).add(lines);
  // A later rule may include such a name again.
  const hasExceptions = lines.some((line) => line.startsWith('!'));
  return {
    has: (path, isDirectory) => rules.ignores(isDirectory ? `${path}/` : path),
    names: hasExceptions
      ? []
      : lines.filter((line) => PLAIN_NAME.test(line)).map((line) => line.replace('/', '')),
  };
}
