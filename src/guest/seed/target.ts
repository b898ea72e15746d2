/** The machine that a seed is for. */
export interface SeedTarget {
  /** Another one makes the guest go through its first boot again. */
  readonly instanceId: string;
  /** What the guest is called where the seed does not say it. */
  readonly hostname: string;
  /** Of the network card; undefined where there is none. */
  readonly macAddress: string | undefined;
  /** The login that is made where the seed does not name one. */
  readonly defaultUser: string;
  /** The program, which is installed and started; undefined to do without: it needs Linux, FreeBSD has none. */
  readonly agent: Uint8Array | undefined;
  readonly provisioner: 'cloud-init' | 'nuageinit' | 'tiny-cloud';
}
