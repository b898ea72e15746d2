import type { Access, Grant } from './grants.ts';

/** Landlock rejects rules that give a file a right that only a directory can have. */
const FILE_RIGHTS = ['execute', 'read-file', 'write-file', 'truncate', 'ioctl-dev'];

const READ = ['read-file', 'read-dir'];
const WRITE = [...READ, 'write-file', 'truncate'];
/**
 * No devices: a program that can create a device node can open any device. This applies to root's programs
 * too. No symbolic links: another program that opens one would open the wrong file.
 */
const OWN = [
  ...WRITE,
  ...['remove-dir', 'remove-file', 'make-dir', 'make-reg', 'make-sock', 'make-fifo', 'refer'],
];
const RIGHTS: Readonly<Record<Access, readonly string[]>> = {
  execute: ['execute', 'read-file'],
  'read-only': READ,
  'read-write': WRITE,
  own: OWN,
  /** The user may have created the links there, which matter only to programs that follow them. */
  served: [...OWN, 'make-sym'],
};

/**
 * Returns the options of a Landlock ruleset that denies everything not explicitly allowed. vmlet-confine
 * leaves out the rights that the kernel does not know.
 */
export function landlockOptions(
  grants: readonly Grant[],
  { scoped, deniesTcp }: { readonly scoped: boolean; readonly deniesTcp: boolean },
): string[] {
  const rules = new Set(grants.map((grant) => JSON.stringify(ruleOf(grant))));
  return [
    ...[...rules].flatMap((rule) => ['--landlock', ...(JSON.parse(rule) as [string, string])]),
    ...(scoped ? ['--landlock-scope'] : []),
    ...(deniesTcp ? ['--landlock-deny-tcp'] : []),
  ];
}

/** Files that are collected in a directory need one rule, with which that directory can be listed, too. */
function ruleOf(grant: Grant): [rights: string, path: string] {
  if (grant.below !== undefined) return [RIGHTS[grant.access].join(','), grant.below];
  return [rightsOf(grant).join(','), grant.path];
}

function rightsOf({ access, kind }: Grant): readonly string[] {
  const rights = RIGHTS[access];
  if (kind === 'directory') return rights;
  // Listed devices are used with ioctl: /dev/kvm, and disks whose size is queried.
  return [
    ...rights.filter((right) => FILE_RIGHTS.includes(right)),
    ...(access === 'execute' ? [] : ['ioctl-dev']),
  ];
}
