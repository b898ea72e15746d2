import type { Case, Layer } from './case.ts';

/** The attacks that each layer stops by itself, without the others. */
const PROMISES: Readonly<Record<Layer, readonly string[]>> = {
  landlock: [
    'read ~/.ssh/id_ed25519',
    'read /etc/passwd',
    "read another machine's disk",
    "read its machine's definition",
    'list the home',
    'write ~/.bashrc',
    'write the read-only disk',
    'create a file in the home',
    'create a file in the temporary folder',
    'give the ssh key a second name in its directory',
    'start a shell',
    'start a setuid program',
    'start what it wrote',
    'open /dev/net/tun',
    'open a terminal',
  ],
  namespaces: [
    'read ~/.ssh/id_ed25519',
    "read another machine's disk",
    'write ~/.bashrc',
    'write the read-only disk',
    'start a shell',
    'start a setuid program',
    'see the ssh key by stat',
    "change the ssh key's mode",
    'connect to a socket that every user may connect to',
    "connect to the session's D-Bus",
    'connect to X11',
    'connect to X11 by its abstract name',
    'connect to ssh-agent',
    "connect to another machine's monitor",
    'connect to an abstract socket',
    "send a datagram to a socket's path",
    "connect to the host's 127.0.0.1",
    'send UDP to the host',
    "find the host's network devices",
    "attach a sibling's shared memory",
    'open a terminal',
  ],
  seccomp: [
    "connect to the session's D-Bus",
    'connect to X11 by its abstract name',
    'connect to a socket by io_uring',
    "connect to the host's 127.0.0.1",
    'send UDP to the host',
    'make a vsock socket',
    'make a netlink socket',
    'trace a sibling',
    "read a sibling's memory",
    "take a sibling's descriptor",
    'signal a sibling',
    'make a user namespace',
    'mount',
    'change its root',
    "read the user's keyring",
    'load BPF',
    'measure by perf',
    'handle page faults',
    'make an io_uring',
  ],
};

/** virtiofsd's filter alone denies the mode bits, which in other places make no program that others can start. */
const PROMISES_OF_A_SHARE = [
  'create a setuid file in its directory',
  'make a file in its directory setuid',
  'make a setgid directory in its directory',
];

export function promisedBy({ place, without }: Pick<Case, 'place' | 'without'>): Set<string> {
  const layers = (Object.keys(PROMISES) as Layer[]).filter((layer) => !without.includes(layer));
  return new Set([
    ...layers.flatMap((layer) => PROMISES[layer]),
    ...(place === 'virtiofsd' && layers.includes('seccomp') ? PROMISES_OF_A_SHARE : []),
  ]);
}
