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
const NEEDED_DEVICES = [
  'isa-serial',
  'pvpanic',
  'virtio-blk-pci',
  'virtio-net-pci',
  'virtio-rng-pci',
  'virtio-serial-pci',
  'virtserialport',
];

/** Landlock ABI versions that added rules for TCP, and scopes (landlock(7)). */
const LANDLOCK_TCP = 4;
const LANDLOCK_SCOPES = 6;

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
const OVER_SOCKET = 'passt and QEMU exchange packets over a socket: the network is slower';

function qemuFeatures({ qemu, accelerator: { kvm } }: Survey): HostFeature[] {
  const has = (list: readonly string[] | undefined, name: string): boolean => list?.includes(name) ?? false;
  return rows('qemu', qemu !== undefined, [
    ['-machine q35', has(qemu?.machines, 'q35'), 'the machine type of every guest', 'no guest can run'],
    [
      '-accel kvm',
      kvm.usable,
      'guests at nearly the speed of the host',
      'guests run with TCG, which is several times slower',
      'accelerator',
    ],
    [
      '-accel tcg',
      has(qemu?.accelerators, 'tcg'),
      'guests on a host without KVM',
      'guests run only with KVM',
      'accelerator',
    ],
    [
      `-device ${NEEDED_DEVICES.join(', ')}`,
      NEEDED_DEVICES.every((name) => has(qemu?.devices, name)),
      'the devices of every guest',
      'no guest can run',
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
      'QEMU’s own filter of system calls',
      'vmlet’s own filter of system calls alone confines QEMU',
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
      'passt over a connected socket',
      'passt and QEMU exchange packets only in shared memory (vhost-user); give --net slirp for machines that cannot do that',
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
      'passt reads the guest’s memory itself (vhost-user): the network is a third faster',
      OVER_SOCKET,
    ],
    [
      '-object monitor-qmp',
      has(qemu?.objects, 'monitor-qmp'),
      'QEMU’s monitors; newer QEMU warns about -mon',
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
    ['qemu-img', true, 'disks: --disk, images, snapshots', 'vmlet cannot create disks'],
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
      'forwarded TCP ports of servers that send data first, such as ssh',
      'machines with forwarded TCP ports use --net slirp',
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
      'passt reads the guest’s memory itself: the network is a third faster',
      OVER_SOCKET,
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
      'directories cannot be shared; vmlet cp copies files',
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
      'saving and snapshots with memory of machines with shared directories',
      'such machines are stopped instead of saved, and their snapshots have no memory',
      'shares',
    ],
    [
      '--migration-on-error',
      virtiofsd?.survivesMissingFiles === true,
      'restoring a saved machine whose shared files have changed',
      'restoring fails if a shared file is missing',
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
    own('mount', 'QEMU sees only its own files', 'Landlock keeps QEMU from other files'),
    own(
      'net',
      'QEMU has no access to the host’s network, except with slirp',
      'the filter of system calls (seccomp) keeps QEMU from the network',
    ),
    own(
      'ipc',
      'QEMU has its own shared memory and queues',
      'the filter of system calls (seccomp) keeps QEMU from those of the host',
    ),
    own('uts', 'QEMU has its own host name', 'QEMU sees the host’s name'),
    [
      'Landlock',
      abi >= 1,
      'QEMU opens only its own files',
      'the mount namespace shows QEMU only its own files',
      'landlock',
    ],
    [
      `Landlock ABI ${LANDLOCK_TCP}`,
      abi >= LANDLOCK_TCP,
      'QEMU cannot use TCP, except with slirp',
      'QEMU’s network namespace and seccomp filter keep it from using TCP, except with slirp; guests can use TCP',
    ],
    [
      `Landlock ABI ${LANDLOCK_SCOPES}`,
      abi >= LANDLOCK_SCOPES,
      'QEMU cannot send signals to other programs, nor connect to their abstract sockets',
      'QEMU’s seccomp filter and network namespace keep it from sending signals and connecting to abstract sockets',
    ],
    [
      'seccomp',
      seccomp.usable,
      'filters of system calls',
      'namespaces and Landlock alone confine QEMU',
      'seccomp',
    ],
  ]);
}
