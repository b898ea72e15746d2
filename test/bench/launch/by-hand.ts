import { dryRun } from '../../../src/index.ts';

/**
 * An unused word for the kernel’s command line, with a different length each time. The length of the line
 * shifts the kernel’s later allocations, which alone costs up to 200 ms of a boot under TCG: two sides with two
 * lines could never be compared.
 */
export function padding(): string {
  return `bench.padding=${'x'.repeat(1 + Math.floor(Math.random() * 300))}`;
}

/** The commands of a shell as the guest’s first process, with the names of busybox and micro’s modules. */
const JOBS = {
  /** Only the command: no modules, no address. */
  bare: ['true', 'poweroff -f'],
  /** The setup that vmlet’s agent does before it runs the command. */
  'set up': [
    'cd /lib/modules/*',
    'for m in pvpanic pvpanic-mmio button failover net_failover virtio_net; do insmod $m.ko; done',
    'hostname vmlet',
    'ip link set lo up',
    'ip link set eth0 mtu 65520 up',
    'ip addr add 10.0.2.15/24 dev eth0',
    'ip addr add fd76:6d6c:6574::15/64 dev eth0',
    'ip route add default via 10.0.2.2',
    'ip route add default via fd76:6d6c:6574::2 dev eth0',
    'echo nameserver 10.0.2.3 > /etc/resolv.conf',
    'true',
    'poweroff -f',
  ],
} as const;

/**
 * The script of a user without vmlet: the same argv, kernel, initramfs, confinement and passt as
 * `vmlet run micro`, from the dry run. PADDING in it is a placeholder.
 */
export async function scriptByHand(net: 'auto' | 'none', job: keyof typeof JOBS): Promise<string> {
  // The kernel passes words after -- to the first process.
  const append = `rdinit=/bin/sh PADDING -- -c "${JOBS[job].join('; ')}"`;
  const { script } = await dryRun({ image: 'micro', net, append });
  // The dry run’s polling interval would cost up to 50 ms.
  return script.replace('sleep 0.05', 'sleep 0.005');
}
