import { dryRun } from '../../../src/index.ts';

/**
 * A word for the kernel's command line that means nothing and is of another length each time. How long the line is
 * shifts what the kernel allocates after it, and that alone is up to 200 ms of a boot under TCG: two sides with two
 * lines could be compared for ever without an end to it.
 */
export function padding(): string {
  return `bench.padding=${'x'.repeat(1 + Math.floor(Math.random() * 300))}`;
}

/** What a shell does that is the guest's first process; the names are those of busybox and of micro's modules. */
const JOBS = {
  /** The command, and nothing else: no module is loaded, no address given. */
  bare: ['true', 'poweroff -f'],
  /** What vmlet's agent does before it runs the command. */
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
 * The script that somebody would write who has no vmlet: the same argv, kernel, initramfs, confinement and passt as
 * `vmlet run micro`, from the dry run. PADDING in it is to be replaced.
 */
export async function scriptByHand(net: 'auto' | 'none', job: keyof typeof JOBS): Promise<string> {
  // The kernel hands what follows -- to the first process.
  const append = `rdinit=/bin/sh PADDING -- -c "${JOBS[job].join('; ')}"`;
  const { script } = await dryRun({ image: 'micro', net, append });
  // The dry run's own pace would cost by hand the most of 50 ms.
  return script.replace('sleep 0.05', 'sleep 0.005');
}
