import type { FoundShare, SharePlan } from './share-plan.ts';
import type { HostIds } from './virtiofsd-argv.ts';

/** The host's system as a guest's: its programs and libraries, its settings, and the working directory. */

/** Tag of its device. The agent has the same word. */
export const HOST_TAG = 'host';
/** Kernel parameter with which the agent makes this device its root directory. */
export const HOST_WORD = 'vmlet.host';

/**
 * Directories that describe the host's system. Home directories, and the data of services in /var, are not among
 * them; of /var, a package manager knows what is installed by these.
 */
export const SYSTEM = [
  ...['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/etc', '/opt'],
  ...['/nix/store', '/gnu/store'],
  ...['/var/lib/dpkg', '/var/lib/apt', '/var/lib/rpm'],
];

/** Directories whose contents are the guest's own. */
const GUESTS_OWN = ['/dev', '/proc', '/sys'];

/** The number with which the kernel shows the files of users that a namespace does not have. */
export const OTHERS_ID = 65534;

/** The host's system with the working directory found. */
export interface HostSystem {
  readonly runsAs: HostIds;
  readonly changesUser: boolean;
  /** Files and directories of the system, without the homes in them. */
  readonly system: readonly string[];
  /** The working directory, if it is one of the host's that the guest sees by this share. */
  readonly directory: string | undefined;
  /** Working directory of commands; undefined for the guest's root directory. */
  readonly workdir: string | undefined;
}

/** The host's system for a guest that switches to it while it runs. */
export interface HostSystemShare {
  readonly share: FoundShare;
  /** Working directory of commands; undefined for the root directory. */
  readonly workdir: string | undefined;
}

/** Returns the share that becomes the guest's root directory. */
export function shareOfHost({ directory, runsAs, changesUser, system }: HostSystem): FoundShare {
  return {
    runsAs,
    changesUser,
    field: 'image',
    source: '/host',
    target: '/',
    readOnly: true,
    // The guest's own changes are in its memory, and would not mix with later ones of the host.
    cache: 'always',
    ids: { kind: 'host' },
    copy: false,
    shows: [...system, ...(directory === undefined ? [] : [directory])],
  };
}

/** Returns virtiofsd's further arguments for the host's system. */
export function hostSystemArguments({
  virtiofsd,
  changesUser,
}: Pick<SharePlan, 'virtiofsd' | 'changesUser'>) {
  return [
    // Each directory is a mount in virtiofsd's root, and overlayfs shows nothing below mounts.
    ...(virtiofsd.announcesMounts ? ['--no-announce-submounts'] : []),
    // An ordinary user's namespace has no other users. Nearly all those files are root's.
    ...(virtiofsd.translatesIds && !changesUser
      ? [`--translate-uid=host:${OTHERS_ID}:0:1`, `--translate-gid=host:${OTHERS_ID}:0:1`]
      : []),
  ];
}

/**
 * True if the guest may see a working directory: one that contains no home directory, and that the guest has no
 * directory of its own for.
 */
export function mayShow(directory: string, homes: readonly string[]): boolean {
  return (
    directory !== '/' &&
    !homes.some((home) => contains(directory, home)) &&
    guestsOwn(directory) === undefined
  );
}

/** Returns the directory of the guest's own that contains this one, such as /proc. */
export function guestsOwn(directory: string): string | undefined {
  return GUESTS_OWN.find((own) => contains(own, directory));
}

/** True for a path in a directory, and for the directory itself. */
export function contains(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}
