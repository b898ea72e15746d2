export interface WantedModule {
  readonly name: string;
  /** Why it is in every micro guest. */
  readonly reason: string;
}

/**
 * The kernel modules of `micro`; what they depend on comes along. One that is built into the kernel, or that this
 * kernel does not have, is left out.
 */
export const MICRO_MODULES: readonly WantedModule[] = [
  { name: 'virtio_pci', reason: 'every virtio device is behind it' },
  { name: 'virtio_console', reason: 'the port that the agent speaks over' },
  { name: 'virtio_blk', reason: 'disks' },
  { name: 'virtio_net', reason: 'the network card' },
  { name: 'tcp_diag', reason: "a fork ends its template's connections" },
  { name: 'af_packet', reason: 'the DHCP client reads raw packets' },
  { name: 'ext4', reason: 'the file system that a fresh disk gets' },
  { name: 'crc32c_generic', reason: 'checksums of ext4, which older kernels load by an alias' },
  { name: 'overlay', reason: 'a writable layer over a read-only tree' },
  { name: 'virtiofs', reason: 'shared directories' },
  { name: 'vmw_vsock_virtio_transport', reason: 'sockets between host and guest' },
  { name: 'virtio_rng', reason: 'entropy from the host' },
  { name: 'virtio_balloon', reason: 'memory statistics, and memory given back' },
  { name: 'button', reason: 'the power button, which asks for an orderly shut-down' },
  { name: 'pvpanic-mmio', reason: 'tells the host of a panic' },
  { name: 'i6300esb', reason: 'the watchdog' },
  { name: 'loop', reason: 'file systems inside files' },
  { name: 'isofs', reason: 'CD images, the usual form of a configuration seed' },
];
