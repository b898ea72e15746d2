/** The machine that a seed is for. */
export interface SeedTarget {
  /** A different id makes the guest repeat its first boot. */
  readonly instanceId: string;
  /** Host name, unless the seed has one. */
  readonly hostname: string;
  /** MAC address of the network card; undefined without a card. */
  readonly macAddress: string | undefined;
  /** User to create, unless the seed names one. */
  readonly defaultUser: string;
  /** Agent program to install and start; undefined for none: it needs Linux, so FreeBSD has none. */
  readonly agent: Uint8Array | undefined;
  readonly provisioner: 'cloud-init' | 'nuageinit' | 'tiny-cloud';
}
