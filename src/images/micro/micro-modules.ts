export interface WantedModule {
  readonly name: string;
  /** Its use in micro guests. */
  readonly reason: string;
}

/**
 * The kernel modules of `micro`, in addition to their dependencies. Modules that are built into the kernel, or that it
 * lacks, are omitted.
 */
export const MICRO_MODULES: readonly WantedModule[] = [
  { name: 'virtio_pci', reason: 'all virtio devices' },
  { name: 'virtio_console', reason: "the virtio port over which the host reaches vmlet's agent" },
  { name: 'virtio_blk', reason: 'disks' },
  { name: 'virtio_net', reason: 'the network card' },
  { name: 'tcp_diag', reason: 'closing the TCP connections that a fork inherits from its template' },
  { name: 'af_packet', reason: 'raw packets, for the DHCP client' },
  { name: 'ext4', reason: 'the file system of data disks' },
  { name: 'overlay', reason: 'a writable layer over a read-only directory tree' },
  { name: 'virtiofs', reason: 'shared directories' },
  { name: 'vmw_vsock_virtio_transport', reason: 'sockets between host and guest' },
  { name: 'virtio_rng', reason: 'entropy from the host' },
  { name: 'virtio_balloon', reason: 'memory statistics, and returning memory to the host' },
  { name: 'button', reason: 'the power button, for a graceful shutdown' },
  { name: 'pvpanic-mmio', reason: 'reporting panics to the host' },
  { name: 'i6300esb', reason: 'the watchdog' },
  { name: 'loop', reason: 'mounting a file that contains a file system' },
  { name: 'isofs', reason: 'CD images, such as those with cloud-init data' },
];
