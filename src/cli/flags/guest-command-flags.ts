/** The flags of a command in a guest, as podman has them. */
export interface GuestCommandFlags {
  readonly interactive?: true;
  readonly tty?: true;
  readonly env?: readonly string[];
  readonly workdir?: string;
  readonly user?: string;
}
