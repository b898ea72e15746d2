import { join } from 'node:path';
import { catalogueFile } from './package-files.ts';

/** The folders that machines and images use on a host. */
export interface Locations {
  /** What the user has set up: `$XDG_CONFIG_HOME/vmlet`. */
  readonly config: string;
  /** Built and downloaded images: `$XDG_DATA_HOME/vmlet/images`. */
  readonly images: string;
  /** Named machines, one directory each: `$XDG_DATA_HOME/vmlet/machines`. */
  readonly machines: string;
  /** Guests to fork machines of, one directory each: `$XDG_DATA_HOME/vmlet/templates`. */
  readonly templates: string;
  /** Disks that outlived their machine: `$XDG_DATA_HOME/vmlet/disks`. */
  readonly disks: string;
  /** What is to outlive a boot, and is not the user's own data: `$XDG_STATE_HOME/vmlet`. */
  readonly state: string;
  /** Logs of named machines: `$XDG_STATE_HOME/vmlet/machines`. */
  readonly logs: string;
  /** What was learnt about the host: `$XDG_CACHE_HOME/vmlet`. */
  readonly cache: string;
  /** Writable disks of throw-away machines, too large for a runtime directory in memory: `$XDG_CACHE_HOME/vmlet/scratch`. */
  readonly scratch: string;
  /** Sockets and other short-lived files: `$XDG_RUNTIME_DIR/vmlet`, else `/tmp/vmlet-UID`. */
  readonly runtime: string;
  /** The same, but where another user has taken it: ownLocations. */
  readonly usualRuntime: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @param home the user's home directory, for where the XDG variables are unset or not absolute. */
export function locate(environment: Environment, home: string, uid: number): Locations {
  const base = (variable: string, fallback: string): string => {
    const value = environment[variable];
    // The XDG base directory specification: relative paths are invalid and are to be ignored.
    return value?.startsWith('/') ? value : fallback;
  };
  const cache = join(base('XDG_CACHE_HOME', join(home, '.cache')), 'vmlet');
  const data = join(base('XDG_DATA_HOME', join(home, '.local', 'share')), 'vmlet');
  const state = join(base('XDG_STATE_HOME', join(home, '.local', 'state')), 'vmlet');
  const runtimeBase = base('XDG_RUNTIME_DIR', '');
  const runtime = runtimeBase === '' ? `/tmp/vmlet-${uid}` : join(runtimeBase, 'vmlet');
  return {
    config: join(base('XDG_CONFIG_HOME', join(home, '.config')), 'vmlet'),
    images: join(data, 'images'),
    machines: join(data, 'machines'),
    templates: join(data, 'templates'),
    disks: join(data, 'disks'),
    state,
    logs: join(state, 'machines'),
    cache,
    scratch: join(cache, 'scratch'),
    runtime,
    usualRuntime: runtime,
  };
}

/** Where a pull finds what it needs and puts what it gets. */
export function placesOf({ images, cache, config }: Locations) {
  return {
    store: images,
    /** Downloads that were interrupted. */
    partials: join(cache, 'downloads'),
    catalogue: catalogueFile(),
    /** The user's own entries and mirrors. */
    userCatalogue: join(config, 'images.yaml'),
  };
}
