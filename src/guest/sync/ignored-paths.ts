import ignore, { type Ignore } from 'ignore';

/** Paths that are not synchronised: neither copied nor removed. */
export interface IgnoredPaths {
  /** @param path relative to the tree. */
  has(path: string, isDirectory: boolean): boolean;
  /** Names of directories that are ignored everywhere, so that they need not be read. */
  readonly names: readonly string[];
  /** Whether the `.gitignore` files of the tree count. */
  readonly readsFiles: boolean;
  /**
   * Takes note of the `.gitignore` of a directory, before anything in the directory is asked for, and after the
   * directories above it. After a change, everything in the directory must be asked for again.
   * @param text undefined without such a file.
   */
  enter(directory: string, text: string | undefined): RulesChange;
}

/**
 * How the rules of a directory have changed. With stricter ones, what was ignored still is; `first` are the first ones of the
 * directory, which may include what those above exclude.
 */
export type RulesChange = 'none' | 'stricter' | 'first' | 'other';

const PLAIN_NAME = /^[\w.@-]+\/?$/;
/** Some editors write it; git skips it. */
const BYTE_ORDER_MARK = /^\ufeff/;

/** The rules that apply in a directory. */
interface Level {
  readonly text: string | undefined;
  /** Those of the .gitignore files, from the outermost to this one. */
  readonly lines: readonly string[];
  readonly rules: Ignore;
}

/** A directory with a .gitignore file in it or below. */
interface Place {
  level: Level | undefined;
  readonly inner: Map<string, Place>;
}

/**
 * @param patterns lines in the grammar of .gitignore. They override the files of the tree.
 * @param readsFiles as in git, the file of a subdirectory applies to this subdirectory, and overrides those above it.
 */
export function ignoredPaths(patterns: readonly string[], readsFiles = false): IgnoredPaths {
  const own = linesOf(patterns);
  // A later rule may include such a name again.
  const hasExceptions = own.some((line) => line.startsWith('!'));
  const top: Level = { text: undefined, lines: [], rules: rulesOf(own) };
  const root: Place = { level: undefined, inner: new Map() };
  const levelAbove = (path: string): Level => {
    if (path === '') return top;
    let level = root.level ?? top;
    let place: Place | undefined = root;
    for (const name of path.split('/').slice(0, -1)) {
      place = place.inner.get(name);
      if (place === undefined) break;
      level = place.level ?? level;
    }
    return level;
  };
  return {
    has: (path, isDirectory) => levelAbove(path).rules.ignores(isDirectory ? `${path}/` : path),
    names: hasExceptions
      ? []
      : own.filter((line) => PLAIN_NAME.test(line)).map((line) => line.replace('/', '')),
    readsFiles,
    enter: (directory, text) => {
      const before = placeOf(root, directory, false);
      if (before?.level?.text === text) return 'none';
      const place = before ?? placeOf(root, directory, true);
      const isFirst = place.level === undefined;
      // They contain the lines of this one.
      place.inner.clear();
      place.level = undefined;
      if (text === undefined) return 'other';
      const added = linesOf([text]).flatMap((line) => below(directory, line));
      const lines = [...levelAbove(directory).lines, ...added];
      place.level = { text, lines, rules: rulesOf([...lines, ...own]) };
      if (!isFirst) return 'other';
      return added.some((line) => line.startsWith('!')) ? 'first' : 'stricter';
    },
  };
}

function placeOf(root: Place, directory: string, creates: true): Place;
function placeOf(root: Place, directory: string, creates: boolean): Place | undefined;
function placeOf(root: Place, directory: string, creates: boolean): Place | undefined {
  let place: Place = root;
  for (const name of directory === '' ? [] : directory.split('/')) {
    const next: Place | undefined = place.inner.get(name) ?? (creates ? newPlace() : undefined);
    if (next === undefined) return undefined;
    place.inner.set(name, next);
    place = next;
  }
  return place;
}

function newPlace(): Place {
  return { level: undefined, inner: new Map() };
}

function rulesOf(lines: readonly string[]): Ignore {
  return ignore({ ignorecase: false }).add(lines);
}

/** Without patterns that are empty, which git skips. */
function linesOf(texts: readonly string[]): string[] {
  return texts
    .flatMap((text) => text.replace(BYTE_ORDER_MARK, '').split('\n'))
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => !/^!?\/* *$/.test(line));
}

/**
 * A line of the file in a directory as one of the file at the top; none for a comment. It applies only to paths in the
 * directory, so its names are not needed, which `ignore` cannot escape in all cases.
 */
function below(directory: string, line: string): string[] {
  if (directory === '') return [line];
  if (line.startsWith('#')) return [];
  const [sign, pattern] = line.startsWith('!') ? ['!', line.slice(1)] : ['', line];
  // A slash anywhere but at the end ties a pattern to its directory.
  const isTied = /\/./.test(pattern.trimEnd());
  const path = `/${'*/'.repeat(directory.split('/').length)}`;
  return [`${sign}${path}${isTied ? '' : '**/'}${pattern.replace(/^\//, '')}`];
}
