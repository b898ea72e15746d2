/** Flags of a command in a guest, as in podman. */
export interface GuestCommandFlags {
  readonly interactive?: true;
  readonly tty?: true;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}
