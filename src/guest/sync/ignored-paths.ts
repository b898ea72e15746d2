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
   * directories above it.
   * @param text undefined without such a file.
   * @returns true if it has changed: everything in the directory must be asked for again.
   */
  enter(directory: string, text: string | undefined): boolean;
}

const PLAIN_NAME = /^[\w.@-]+\/?$/;

/** The rules that apply in a directory. */
interface Level {
  readonly text: string | undefined;
  /** Those of the .gitignore files, from the outermost to this one. */
  readonly lines: readonly string[];
  readonly rules: Ignore;
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
  const levels = new Map<string, Level>();
  const levelAbove = (path: string): Level => {
    for (let at = path; at !== '';) {
      at = parentOf(at);
      const level = levels.get(at);
      if (level) return level;
    }
    return top;
  };
  return {
    has: (path, isDirectory) => levelAbove(path).rules.ignores(isDirectory ? `${path}/` : path),
    names: hasExceptions
      ? []
      : own.filter((line) => PLAIN_NAME.test(line)).map((line) => line.replace('/', '')),
    readsFiles,
    enter: (directory, text) => {
      if (levels.get(directory)?.text === text) return false;
      for (const path of levels.keys()) if (isBelow(path, directory)) levels.delete(path);
      levels.delete(directory);
      if (text === undefined) return true;
      const lines = [
        ...levelAbove(directory).lines,
        ...linesOf([text]).flatMap((line) => below(directory, line)),
      ];
      levels.set(directory, { text, lines, rules: rulesOf([...lines, ...own]) });
      return true;
    },
  };
}

function rulesOf(lines: readonly string[]): Ignore {
  return ignore({ ignorecase: false }).add(lines);
}

function linesOf(texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split('\n')).map((line) => line.replace(/\r$/, ''));
}

/** A line of the file in a directory as one of the file at the top; none for a comment. */
function below(directory: string, line: string): string[] {
  if (directory === '') return [line];
  if (line.trim() === '' || line.startsWith('#')) return [];
  const [sign, pattern] = line.startsWith('!') ? ['!', line.slice(1)] : ['', line];
  // A slash anywhere but at the end ties a pattern to its directory.
  const isTied = /\/./.test(pattern.trimEnd());
  const path = `/${directory.replace(/[\\*?[\]! #]/g, '\\$&')}/`;
  return [`${sign}${path}${isTied ? '' : '**/'}${pattern.replace(/^\//, '')}`];
}

function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at < 0 ? '' : path.slice(0, at);
}

function isBelow(path: string, directory: string): boolean {
  return path !== directory && (directory === '' || path.startsWith(`${directory}/`));
}
