/** One subtree or file, and what a program may do in it; `rights` in setpriv's words. */
export interface LandlockRule {
  readonly path: string;
  readonly rights: readonly string[];
}

/**
 * setpriv flags for a Landlock ruleset: everything in `accesses` is denied but what the rules allow.
 * Rules for rights outside `accesses` are left out, since the kernel refuses a rule on what is not handled.
 * Landlock needs no_new_privs where the caller is not privileged, so it comes along.
 * Source: setpriv(1), landlock(7).
 */
export function landlockFlags(rules: readonly LandlockRule[], accesses: readonly string[]): string[] {
  return [
    '--no-new-privs',
    '--landlock-access',
    `fs:${accesses.join(',')}`,
    ...rules.flatMap(({ path, rights }) => {
      const handled = rights.filter((right) => accesses.includes(right));
      return handled.length === 0 ? [] : ['--landlock-rule', `path-beneath:${handled.join(',')}:${path}`];
    }),
  ];
}
