/**
 * Permitted connections of a program: none besides its inherited descriptors (`nowhere`), unix sockets that
 * it can reach by a path, or any.
 */
export type Connects = 'nowhere' | 'by-path' | 'anywhere';

/** Whether a host supports a feature, and if not, why. */
export type Ability = { readonly usable: true } | { readonly usable: false; readonly reason: string };

/** The features of this host's kernel that vmlet-confine can use, as found by trying. */
export interface ConfinementAbilities {
  readonly landlock:
    { readonly usable: true; readonly abi: number } | { readonly usable: false; readonly reason: string };
  readonly seccomp: Ability;
  readonly namespaces: Readonly<Record<Namespace, Ability>>;
}

export type Namespace = 'mount' | 'net' | 'ipc' | 'uts';

/**
 * The layers around one program. Starting the program fails when a requested layer is not available, so these
 * layers are in force.
 */
export interface Layers {
  readonly namespaces: readonly Namespace[];
  /** The version of Landlock's interface, and the features used in addition to file rules. */
  readonly landlock:
    { readonly abi: number; readonly scoped: boolean; readonly deniesTcp: boolean } | undefined;
  /** Names of vmlet-confine's filters. QEMU and swtpm add filters of their own. */
  readonly seccomp: readonly string[];
  /** Maximum size of files that it writes, in bytes; undefined for no limit. */
  readonly longestFile: number | undefined;
  /** Gaps: abilities of the program because a layer is missing; each is a predicate, such as `can trace your other programs`. */
  readonly gaps: readonly string[];
}

/**
 * Landlock versions that introduced rules for TCP, and scopes for abstract sockets and signals (landlock(7)).
 */
export const LANDLOCK_TCP = 4;
export const LANDLOCK_SCOPES = 6;

/** Returns the layers that are available on this host. */
export function layersOf(
  {
    connects,
    longestFile,
    servesFiles = false,
  }: {
    readonly connects: Connects;
    readonly longestFile: number | undefined;
    /** It creates files in the user's directories; false by default. */
    readonly servesFiles?: boolean;
  },
  { landlock, seccomp, namespaces }: ConfinementAbilities,
): Layers {
  const layers = {
    namespaces: NAMESPACES[connects].filter((name) => namespaces[name].usable),
    landlock: landlock.usable
      ? {
          abi: landlock.abi,
          scoped: landlock.abi >= LANDLOCK_SCOPES,
          deniesTcp: landlock.abi >= LANDLOCK_TCP && connects !== 'anywhere',
        }
      : undefined,
    seccomp: seccomp.usable
      ? FILTERS[connects].map((name) => (servesFiles && name === 'base' ? 'files' : name))
      : [],
    longestFile,
  };
  return { ...layers, gaps: gapsOf(layers, connects) };
}

/** slirp uses the host's network from QEMU's own process. */
const NAMESPACES: Readonly<Record<Connects, readonly Namespace[]>> = {
  nowhere: ['mount', 'net', 'ipc', 'uts'],
  'by-path': ['mount', 'net', 'ipc', 'uts'],
  anywhere: ['mount', 'ipc', 'uts'],
};

const FILTERS: Readonly<Record<Connects, readonly string[]>> = {
  nowhere: ['base', 'processes', 'sockets', 'connect'],
  'by-path': ['base', 'processes', 'sockets'],
  anywhere: ['base', 'processes'],
};

function gapsOf({ namespaces, landlock, seccomp }: Omit<Layers, 'gaps'>, connects: Connects): string[] {
  const hidesFiles = namespaces.includes('mount');
  const isCutOff = namespaces.includes('net') || seccomp.includes('sockets');
  return [
    landlock || hidesFiles ? undefined : 'can open every file that you can open',
    hidesFiles || seccomp.includes('connect')
      ? undefined
      : 'can connect to every unix socket that you can connect to',
    isCutOff || connects === 'anywhere'
      ? undefined
      : `can use the host’s network${landlock?.deniesTcp === true ? ', except TCP' : ''}`,
    landlock || seccomp.length > 0 ? undefined : 'can trace your other programs',
    landlock?.scoped === true || seccomp.length > 0 ? undefined : 'can send signals to your other programs',
  ].filter((gap) => gap !== undefined);
}
