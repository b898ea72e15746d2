/** Flags of a command in a guest, as in podman. */
export interface GuestCommandFlags {
  /** By default, stdin is passed on unless it is a terminal. */
  readonly interactive?: boolean;
  readonly tty?: true;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}
