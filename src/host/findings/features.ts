import { LANDLOCK_SCOPES, LANDLOCK_TCP } from '../../process/confine/layers.ts';
import type { FindingItem } from './finding.ts';
import type { Survey } from '../survey/host.ts';
import type { Surroundings } from './surroundings.ts';

export type FeatureProgram = 'qemu' | 'qemu-img' | 'passt' | 'swtpm' | 'virtiofsd' | 'kernel';

/** A feature that vmlet detects by probing, never by a version. */
export interface HostFeature {
  /** The program's own name for it. */
  readonly feature: string;
  readonly program: FeatureProgram;
  readonly present: boolean;
  /** Its use in vmlet; undefined when it is not used yet. */
  readonly used: string | undefined;
  /** Fallback of vmlet without it. */
  readonly otherwise: string;
  /** The finding that covers it, if any. */
  readonly finding?: FindingItem;
}

/** Plain data; `version` is the version of this shape. */
export interface FeatureTable {
  readonly version: 1;
  readonly features: readonly HostFeature[];
}

/** Devices that every guest needs. */
export const NEEDED_DEVICES = [
  'isa-serial',
  'pvpanic',
  'virtio-blk-pci',
  'virtio-net-pci',
  'virtio-rng-pci',
  'virtio-serial-pci',
  'virtserialport',
];

/** Returns the features of each program that vmlet uses, and what vmlet does without them. */
export function featuresOf(survey: Survey, surroundings: Pick<Surroundings, 'helpers'>): FeatureTable {
  return {
    version: 1,
    features: [
      ...qemuFeatures(survey),
      ...qemuImgFeatures(survey),
      ...passtFeatures(survey),
      ...virtiofsdFeatures(survey),
      ...helperFeatures(surroundings),
      ...kernelFeatures(survey),
    ],
  };
}

/** Returns the missing features that vmlet uses and that no finding covers. */
export function missingFeatures({ features }: FeatureTable): HostFeature[] {
  return features.filter(
    ({ present, used, finding }) => !present && used !== undefined && finding === undefined,
  );
}

type Row = readonly [
  feature: string,
  present: boolean,
  used: string | undefined,
  otherwise: string,
  finding?: FindingItem,
];

function rows(program: FeatureProgram, isThere: boolean, all: readonly Row[]): HostFeature[] {
  return all.map(([feature, present, used, otherwise, finding]) => {
    const about = finding ?? (isThere ? undefined : FINDING_OF[program]);
    return {
      feature,
      program,
      present: isThere && present,
      used,
      otherwise,
      ...(about === undefined ? {} : { finding: about }),
    };
  });
}

/** The finding that reports a missing program. */
const FINDING_OF: Readonly<Partial<Record<FeatureProgram, FindingItem>>> = {
  qemu: 'qemu',
  'qemu-img': 'qemu-img',
  passt: 'network',
  virtiofsd: 'shares',
};

/** Without vhost-user, for which both QEMU and passt are needed. */
const OVER_SOCKET = 'passt and QEMU exchange packets over a socket';

function qemuFeatures({ qemu, accelerator: { kvm } }: Survey): HostFeature[] {
  const has = (list: readonly string[] | undefined, name: string): boolean => list?.includes(name) ?? false;
  return rows('qemu', qemu !== undefined, [
    [
      '-machine q35',
      has(qemu?.machines, 'q35'),
      'the machine type of every guest',
      'no guest can run',
      'qemu',
    ],
    [
      '-accel kvm',
      kvm.usable,
      'guests run at nearly the speed of the host',
      'guests run with TCG, which is several times slower',
      'accelerator',
    ],
    [
      '-accel tcg',
      has(qemu?.accelerators, 'tcg'),
      'guests run on a host without KVM',
      'guests run only with KVM',
      'accelerator',
    ],
    [
      `-device ${NEEDED_DEVICES.join(', ')}`,
      NEEDED_DEVICES.every((name) => has(qemu?.devices, name)),
      'the devices of every guest',
      'no guest can run',
      'qemu',
    ],
    [
      '-device vmgenid',
      has(qemu?.devices, 'vmgenid'),
      'tells a forked guest that it is a copy',
      'templates and forks are not available',
    ],
    [
      '-sandbox',
      qemu?.sandbox === true,
      'QEMU’s own system call filter',
      'only vmlet’s own system call filter is in use',
      'seccomp',
    ],
    [
      '-netdev user',
      has(qemu?.netdevs, 'user'),
      '--net slirp',
      '--net slirp is not available: guests use passt, or have no network',
    ],
    [
      '-netdev stream',
      has(qemu?.netdevs, 'stream'),
      'QEMU and passt exchange packets over a socket',
      'passt works only for machines with shared memory (vhost-user); other machines need --net slirp',
    ],
    [
      '-netdev stream,reconnect-ms',
      qemu?.hasReconnectMs === true,
      'named machines: QEMU reconnects to a restarted passt within 10 ms',
      qemu?.hasStreamReconnect === true
        ? 'QEMU reconnects to a restarted passt within a second'
        : 'vmlet itself connects a restarted passt to QEMU',
    ],
    [
      '-object memory-backend-memfd',
      has(qemu?.objects, 'memory-backend-memfd'),
      'passt accesses the guest’s memory directly (vhost-user), without a copy of each packet',
      OVER_SOCKET,
    ],
    [
      '-object monitor-qmp',
      has(qemu?.objects, 'monitor-qmp'),
      'the connection to QEMU’s monitor; newer QEMU versions warn about -mon',
      'vmlet uses the option -mon, which does the same',
    ],
    [
      'migrate channels',
      qemu?.opensStateFiles === true,
      'for save, templates and forks, QEMU opens the state file itself',
      'vmlet opens the state file and passes it to QEMU',
    ],
    [
      '-run-with exit-with-parent',
      has(qemu?.runWith, 'exit-with-parent'),
      undefined,
      'the kernel kills QEMU when its parent process ends (parent-death signal)',
    ],
  ]);
}

function qemuImgFeatures({ qemuImg }: Survey): HostFeature[] {
  return rows('qemu-img', qemuImg !== undefined, [
    [
      'qemu-img',
      qemuImg?.problem === undefined,
      'disks: --disk, images, snapshots',
      'vmlet cannot create disks',
      'qemu-img',
    ],
  ]);
}

function passtFeatures({ passt }: Survey): HostFeature[] {
  return rows('passt', passt !== undefined, [
    [
      'passt',
      passt?.problem === undefined,
      'the network of guests, in a separate process',
      'guests use --net slirp: QEMU itself uses the host’s network',
      'network',
    ],
    [
      'handshakes',
      passt?.completesHandshakes !== false,
      'passt forwards TCP ports to servers that send data first, such as ssh',
      'named machines, and others with forwarded TCP ports, use --net slirp',
      'network',
    ],
    [
      '--fd',
      passt?.hasFd === true,
      'passt inherits its connection to QEMU',
      'guests use --net slirp',
      'network',
    ],
    [
      '--vhost-user',
      passt?.hasVhostUser === true,
      'passt accesses the guest’s memory directly, without a copy of each packet',
      OVER_SOCKET,
    ],
    [
      '--conf-path',
      passt?.pesto !== undefined,
      'vmlet port add and port rm keep all connections of a running machine',
      'port add uses vmlet’s agent in the guest for TCP ports; otherwise port add and port rm end the connections of the guest',
    ],
  ]);
}

function helperFeatures({ helpers }: Pick<Surroundings, 'helpers'>): HostFeature[] {
  return [
    ...rows('swtpm', helpers.swtpm !== undefined, [['swtpm', true, '--tpm', '--tpm is not available']]),
  ];
}

function virtiofsdFeatures({ virtiofsd }: Survey): HostFeature[] {
  return rows('virtiofsd', virtiofsd !== undefined, [
    [
      'virtiofsd',
      virtiofsd?.problem === undefined,
      'shared directories',
      'directories cannot be shared, only copied (-v SRC:DST:ro,copy)',
      'shares',
    ],
    [
      '--translate-uid',
      virtiofsd?.translatesIds === true,
      'shared files belong to one user in the guest',
      'directories can be shared only with ids=host',
      'shares',
    ],
    [
      'migrate-precopy',
      virtiofsd?.migrates === true,
      'machines with shared directories can be saved; their snapshots can include memory',
      'machines with shared directories are stopped instead of saved; their snapshots do not include memory',
      'shares',
    ],
    [
      '--migration-on-error',
      virtiofsd?.survivesMissingFiles === true,
      'a saved machine can be restored after shared files were removed',
      'machines with shared directories are stopped instead of saved; their snapshots do not include memory',
      'shares',
    ],
  ]);
}

function kernelFeatures({ confinement: { landlock, seccomp, namespaces } }: Survey): HostFeature[] {
  const abi = landlock.usable ? landlock.abi : 0;
  const own = (name: keyof typeof namespaces, used: string, otherwise: string): Row => [
    `namespaces: ${name}`,
    namespaces[name].usable,
    used,
    otherwise,
    'namespaces',
  ];
  return rows('kernel', true, [
    own('mount', 'QEMU sees only its own files', 'Landlock restricts QEMU to its own files'),
    own(
      'net',
      'QEMU has no access to the host’s network, except with slirp',
      'a system call filter (seccomp) blocks the host’s network for QEMU',
    ),
    own(
      'ipc',
      'QEMU has its own shared memory and message queues',
      'a system call filter (seccomp) blocks the host’s shared memory and message queues for QEMU',
    ),
    own('uts', 'QEMU has its own host name', 'QEMU sees the host name of this host'),
    [
      'Landlock',
      abi >= 1,
      'QEMU can open only its own files',
      'the mount namespace shows QEMU only its own files',
      'landlock',
    ],
    [
      `Landlock ABI ${LANDLOCK_TCP}`,
      abi >= LANDLOCK_TCP,
      'QEMU cannot use TCP, except with slirp',
      'a network namespace and seccomp prevent QEMU from using TCP itself, except with slirp; guests can use TCP',
    ],
    [
      `Landlock ABI ${LANDLOCK_SCOPES}`,
      abi >= LANDLOCK_SCOPES,
      'QEMU cannot send signals to other programs, nor connect to their abstract sockets',
      'seccomp and a network namespace prevent QEMU from sending signals and connecting to abstract sockets',
    ],
    [
      'seccomp',
      seccomp.usable,
      'system call filters',
      'only namespaces and Landlock confine QEMU',
      'seccomp',
    ],
  ]);
}
