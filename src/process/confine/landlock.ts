import type { Access, Grant } from './grants.ts';

/** Landlock refuses a rule that gives a file a right that only a directory can have. */
const FILE_RIGHTS = ['execute', 'read-file', 'write-file', 'truncate', 'ioctl-dev'];

const READ = ['read-file', 'read-dir'];
const WRITE = [...READ, 'write-file', 'truncate'];
const RIGHTS: Readonly<Record<Access, readonly string[]>> = {
  execute: ['execute', 'read-file'],
  'read-only': READ,
  'read-write': WRITE,
  /**
   * No devices: whoever can make one can open any. Not even root's program makes one. No symbolic links: whoever opens
   * what it made comes to another file.
   */
  own: [
    ...WRITE,
    ...['remove-dir', 'remove-file', 'make-dir', 'make-reg', 'make-sock', 'make-fifo', 'refer'],
  ],
};

/**
 * Options for a Landlock ruleset: everything is denied but what the rules allow. vmlet-confine leaves out what the
 * kernel does not know.
 */
export function landlockOptions(
  grants: readonly Grant[],
  { scoped, deniesTcp }: { readonly scoped: boolean; readonly deniesTcp: boolean },
): string[] {
  const rules = new Set(grants.map((grant) => JSON.stringify([rightsOf(grant).join(','), grant.path])));
  return [
    ...[...rules].flatMap((rule) => ['--landlock', ...(JSON.parse(rule) as [string, string])]),
    ...(scoped ? ['--landlock-scope'] : []),
    ...(deniesTcp ? ['--landlock-deny-tcp'] : []),
  ];
}

function rightsOf({ access, kind }: Grant): readonly string[] {
  const rights = RIGHTS[access];
  if (kind === 'directory') return rights;
  // A device that was named is used: /dev/kvm, and a disk whose size has to be asked for.
  return [
    ...rights.filter((right) => FILE_RIGHTS.includes(right)),
    ...(access === 'execute' ? [] : ['ioctl-dev']),
  ];
}
