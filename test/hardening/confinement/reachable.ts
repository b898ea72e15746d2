import type { Attack } from './case.ts';

/** Operations that an ordinary user may not perform on any host. */
const NEEDS_ROOT = new Set([
  'hold capabilities',
  'read /etc/shadow',
  'create a file in /etc/cron.d',
  'create a crontab',
  'make a raw socket',
  'make a packet socket',
  "open the host's disk",
  "make a node for the host's disk",
  "make a node for the host's memory",
  'open /dev/kmsg',
  'make a mount namespace',
  'mount by fsopen',
  'copy the tree of mounts',
  'unmount',
  "enter a sibling's mounts",
  'open the home by its handle',
  'load BPF',
  "read the kernel's log",
  'become another user',
  'name the host',
  'swap to a file',
  'account to a file',
  'type into a terminal (TIOCSTI)',
]);

/** Features that depend on the kernel and its settings. */
const HOST_MAY_LACK = new Set([
  'create a crontab',
  'make a ping socket',
  'make a crypto socket',
  'make a vsock socket',
  "connect to the host's ::1",
  'connect by TCP fast open',
  'connect to a socket by io_uring',
  'make an io_uring',
  'open /dev/mem',
  "open the host's disk",
  'open /dev/kvm, which it was not given',
  'open /dev/net/tun',
  'open /dev/fuse',
  'open /dev/vhost-vsock',
  'load a module',
  'measure by perf',
  'handle page faults',
  'make a user namespace',
  'make a user namespace by clone',
  'make a user namespace by clone3',
  'mount',
  'change its root',
  'write a file beyond 15 TiB',
  'reserve 64 GiB of memory',
  "find the host's network devices",
  "connect to the host's own address",
]);

/**
 * Failures of the program without a wrapper that have no excuse. Otherwise the check of a wrapper’s
 * refusals could not fail.
 */
export function unprovenAttempts({ user, attempts }: Attack): string[] {
  return attempts
    .filter(({ refusal }) => refusal !== '')
    .filter(({ attempt }) => !HOST_MAY_LACK.has(attempt) && !(user !== 'root' && NEEDS_ROOT.has(attempt)))
    .map(({ attempt, refusal }) => `${attempt} (${refusal})`);
}
