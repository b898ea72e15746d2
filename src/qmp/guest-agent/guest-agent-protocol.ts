/**
 * Commands of the QEMU guest agent. Written by hand, because it has no introspection (names and types from
 * qga/qapi-schema.json of QEMU 10). `execute` accepts any other command too.
 */
export interface GuestAgentCommands {
  'guest-ping': { arguments: Empty; returns: Empty };
  'guest-info': { arguments: Empty; returns: GuestAgentInfo };
  'guest-get-host-name': { arguments: Empty; returns: { readonly 'host-name': string } };
  'guest-get-osinfo': { arguments: Empty; returns: GuestOsInfo };
  'guest-get-timezone': { arguments: Empty; returns: { readonly zone?: string; readonly offset: number } };
  'guest-get-users': { arguments: Empty; returns: readonly GuestUser[] };
  'guest-get-vcpus': { arguments: Empty; returns: readonly GuestVcpu[] };
  'guest-get-fsinfo': { arguments: Empty; returns: readonly GuestFileSystem[] };
  'guest-network-get-interfaces': { arguments: Empty; returns: readonly GuestNetworkInterface[] };
  /** Nanoseconds since the epoch: a bigint, because a number would round them to about 100 ns. */
  'guest-get-time': { arguments: Empty; returns: bigint };
  /** Without `time`, the guest's clock is set from its RTC. */
  'guest-set-time': { arguments: { time?: number | bigint | undefined }; returns: Empty };
  'guest-exec': { arguments: GuestExecArguments; returns: { readonly pid: number } };
  /** Reports the end of a process once; the pid is unknown afterwards. */
  'guest-exec-status': { arguments: { pid: number }; returns: GuestExecStatus };
  'guest-file-open': { arguments: { path: string; mode?: string | undefined }; returns: number };
  'guest-file-close': { arguments: { handle: number }; returns: Empty };
  'guest-file-read': {
    arguments: { handle: number; count?: number | undefined };
    returns: { readonly count: number; readonly 'buf-b64': string; readonly eof: boolean };
  };
  'guest-file-write': {
    arguments: { handle: number; 'buf-b64': string; count?: number | undefined };
    returns: { readonly count: number; readonly eof: boolean };
  };
  'guest-file-seek': {
    arguments: { handle: number; offset: number; whence: 'set' | 'cur' | 'end' };
    returns: { readonly position: number; readonly eof: boolean };
  };
  'guest-file-flush': { arguments: { handle: number }; returns: Empty };
  'guest-fsfreeze-status': { arguments: Empty; returns: 'thawed' | 'frozen' };
  /** Returns the number of frozen file systems. */
  'guest-fsfreeze-freeze': { arguments: Empty; returns: number };
  'guest-fsfreeze-freeze-list': {
    arguments: { mountpoints?: readonly string[] | undefined };
    returns: number;
  };
  'guest-fsfreeze-thaw': { arguments: Empty; returns: number };
  'guest-fstrim': {
    arguments: { minimum?: number | undefined };
    returns: { readonly paths: readonly unknown[] };
  };
  /** `password` is base64. */
  'guest-set-user-password': {
    arguments: { username: string; password: string; crypted: boolean };
    returns: Empty;
  };
  'guest-ssh-get-authorized-keys': {
    arguments: { username: string };
    returns: { readonly keys: readonly string[] };
  };
  'guest-ssh-add-authorized-keys': {
    arguments: { username: string; keys: readonly string[]; reset?: boolean | undefined };
    returns: Empty;
  };
  'guest-ssh-remove-authorized-keys': {
    arguments: { username: string; keys: readonly string[] };
    returns: Empty;
  };
}

type Empty = Record<string, never>;

/** Reply to `guest-info`. */
export interface GuestAgentInfo {
  readonly version: string;
  readonly supported_commands: readonly {
    readonly name: string;
    readonly enabled: boolean;
    /** False for commands that are not answered on success. */
    readonly 'success-response': boolean;
  }[];
}

/** Reply to `guest-get-osinfo`. */
export interface GuestOsInfo {
  readonly id?: string;
  readonly name?: string;
  readonly 'pretty-name'?: string;
  readonly version?: string;
  readonly 'version-id'?: string;
  readonly machine?: string;
  readonly 'kernel-release'?: string;
  readonly 'kernel-version'?: string;
  readonly variant?: string;
  readonly 'variant-id'?: string;
}

/** A user who is logged in, from `guest-get-users`. */
export interface GuestUser {
  readonly user: string;
  readonly domain?: string;
  /** Seconds since the epoch. */
  readonly 'login-time': number;
}

/** A virtual processor, from `guest-get-vcpus`. */
export interface GuestVcpu {
  readonly 'logical-id': number;
  readonly online: boolean;
  readonly 'can-offline'?: boolean;
}

/** A mounted file system, from `guest-get-fsinfo`. */
export interface GuestFileSystem {
  readonly name: string;
  readonly mountpoint: string;
  readonly type: string;
  readonly 'used-bytes'?: number;
  readonly 'total-bytes'?: number;
  readonly disk: readonly unknown[];
}

/** A network interface, from `guest-network-get-interfaces`. */
export interface GuestNetworkInterface {
  readonly name: string;
  readonly 'hardware-address'?: string;
  readonly 'ip-addresses'?: readonly {
    readonly 'ip-address': string;
    readonly 'ip-address-type': 'ipv4' | 'ipv6';
    readonly prefix: number;
  }[];
  readonly statistics?: Readonly<Record<string, number | bigint>>;
}

/** Arguments of `guest-exec`. */
export interface GuestExecArguments {
  path: string;
  arg?: readonly string[] | undefined;
  /** NAME=value. */
  env?: readonly string[] | undefined;
  /** Standard input, base64. */
  'input-data'?: string | undefined;
  /** `true` is 'separated'; the strings require an agent of QEMU 8 or newer. */
  'capture-output'?: boolean | 'none' | 'stdout' | 'stderr' | 'separated' | 'merged' | undefined;
}

/** Reply to `guest-exec-status`. */
export interface GuestExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  /** The signal's number, or an NTSTATUS of a Windows guest. */
  readonly signal?: number;
  /** Base64. */
  readonly 'out-data'?: string;
  readonly 'err-data'?: string;
  readonly 'out-truncated'?: boolean;
  readonly 'err-truncated'?: boolean;
}
