import { join } from 'node:path';
import { xdgDirectory } from '../../util/files/xdg-directory.ts';
import { catalogueFile } from './package-files.ts';

/** The folders that machines and images use on a host. */
export interface Locations {
  /** User configuration: `$XDG_CONFIG_HOME/vmlet`. */
  readonly config: string;
  /** Built and downloaded images: `$XDG_DATA_HOME/vmlet/images`. */
  readonly images: string;
  /** Named machines, one directory each: `$XDG_DATA_HOME/vmlet/machines`. */
  readonly machines: string;
  /** Templates to fork machines from, one directory each: `$XDG_DATA_HOME/vmlet/templates`. */
  readonly templates: string;
  /** Disks that outlived their machine: `$XDG_DATA_HOME/vmlet/disks`. */
  readonly disks: string;
  /** Private networks, one directory each: `$XDG_DATA_HOME/vmlet/networks`. */
  readonly networks: string;
  /** Named volumes, one directory each: `$XDG_DATA_HOME/vmlet/volumes`. */
  readonly volumes: string;
  /** State that must survive a reboot but is not the user's own data: `$XDG_STATE_HOME/vmlet`. */
  readonly state: string;
  /** Logs of named machines: `$XDG_STATE_HOME/vmlet/machines`. */
  readonly logs: string;
  /** Cached facts about the host: `$XDG_CACHE_HOME/vmlet`. */
  readonly cache: string;
  /**
   * Writable disks of throw-away machines, too large for a runtime directory in memory:
   * `$XDG_CACHE_HOME/vmlet/scratch`.
   */
  readonly scratch: string;
  /** Sockets and other short-lived files: `$XDG_RUNTIME_DIR/vmlet`, otherwise `/tmp/vmlet-UID`. */
  readonly runtime: string;
  /** Memory of guests for which the runtime directory has no room: `/dev/shm/vmlet-UID`. */
  readonly sharedMemory: string;
  /** The default for `runtime`; differs from it when another user owns that path (`ownLocations`). */
  readonly usualRuntime: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @param home the user's home directory, used when an XDG variable is unset or not absolute. */
export function locate(environment: Environment, home: string, uid: number): Locations {
  const base = (variable: string, fallback: string): string => xdgDirectory(environment, variable, fallback);
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
    networks: join(data, 'networks'),
    volumes: join(data, 'volumes'),
    state,
    logs: join(state, 'machines'),
    cache,
    scratch: join(cache, 'scratch'),
    runtime,
    sharedMemory: `/dev/shm/vmlet-${uid}`,
    usualRuntime: runtime,
  };
}

/** Returns the paths that a pull reads and writes. */
export function placesOf({ images, cache, config }: Locations) {
  return {
    store: images,
    /** Interrupted downloads. */
    partials: join(cache, 'downloads'),
    catalogue: catalogueFile(),
    /** The user's own entries and mirrors. */
    userCatalogue: join(config, 'images.yaml'),
  };
}
