/**
 * To whom it may connect: nobody, so that it has its inherited descriptors alone; unix sockets that it reaches by a
 * path; or whoever it likes.
 */
export type Connects = 'nowhere' | 'by-path' | 'anywhere';

/** Something that a host can do, or why it cannot. */
export type Ability = { readonly usable: true } | { readonly usable: false; readonly reason: string };

/** What this host's kernel lets vmlet-confine do, as the program found out by trying. */
export interface ConfinementAbilities {
  readonly landlock:
    { readonly usable: true; readonly abi: number } | { readonly usable: false; readonly reason: string };
  readonly seccomp: Ability;
  readonly namespaces: Readonly<Record<Namespace, Ability>>;
}

export type Namespace = 'mount' | 'net' | 'ipc' | 'uts';

/**
 * The layers around one program, of those that it was started for: what is asked for and cannot be had ends it before it
 * begins, so that these are on.
 */
export interface Layers {
  readonly namespaces: readonly Namespace[];
  /** The version of Landlock's interface, and what of it is used beside rules for files. */
  readonly landlock:
    { readonly abi: number; readonly scoped: boolean; readonly deniesTcp: boolean } | undefined;
  /** Names of vmlet-confine's filters. QEMU and swtpm add filters of their own. */
  readonly seccomp: readonly string[];
  /** In bytes, where files that it writes have a limit. */
  readonly longestFile: number | undefined;
  /** What the program may do because a layer is missing, a sentence each. */
  readonly gaps: readonly string[];
}

/** Landlock's interface that brought rules for TCP, and scopes for abstract sockets and signals (landlock(7)). */
const TCP_ABI = 4;
const SCOPE_ABI = 6;

/** What there is to have on this host. */
export function layersOf(
  { connects, longestFile }: { readonly connects: Connects; readonly longestFile: number | undefined },
  { landlock, seccomp, namespaces }: ConfinementAbilities,
): Layers {
  const layers = {
    namespaces: NAMESPACES[connects].filter((name) => namespaces[name].usable),
    landlock: landlock.usable
      ? {
          abi: landlock.abi,
          scoped: landlock.abi >= SCOPE_ABI,
          deniesTcp: landlock.abi >= TCP_ABI && connects !== 'anywhere',
        }
      : undefined,
    seccomp: seccomp.usable ? FILTERS[connects] : [],
    longestFile,
  };
  return { ...layers, gaps: gapsOf(layers, connects) };
}

/** slirp speaks to the host's network from QEMU's own process. */
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
    landlock || hidesFiles ? undefined : 'it may open every file that you may',
    hidesFiles || seccomp.includes('connect')
      ? undefined
      : 'it may connect to every unix socket that you may',
    isCutOff || connects === 'anywhere'
      ? undefined
      : `it may use the host’s network${landlock?.deniesTcp === true ? ', TCP excepted' : ''}`,
    landlock || seccomp.length > 0 ? undefined : 'it may trace your other programs',
    landlock?.scoped === true || seccomp.length > 0
      ? undefined
      : 'it may send signals to your other programs',
  ].filter((gap) => gap !== undefined);
}
