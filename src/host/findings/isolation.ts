import { type Connects, type Namespace, layersOf } from '../../process/confine/layers.ts';
import type { Survey } from '../survey/host.ts';

/** The confinement of QEMU, for a machine with this network on this host. A start applies the same. */
export interface QemuIsolation {
  /** `passt` is the same over a stream and over vhost-user; a bridge counts as `none`. */
  readonly network: 'none' | 'passt' | 'slirp';
  /** QEMU's own namespaces; the others are the host's. */
  readonly namespaces: readonly Namespace[];
  /** True when QEMU itself uses the host's network. */
  readonly usesHostNetwork: boolean;
  /** True when a root of its own lets QEMU see only its own files. */
  readonly hasOwnRoot: boolean;
  readonly landlock: boolean;
  /** The filters of system calls that apply. */
  readonly seccomp: readonly ('vmlet' | 'qemu')[];
  /** Capabilities that a missing layer leaves to QEMU, one sentence each. */
  readonly gaps: readonly string[];
}

/** The connections that QEMU makes itself; inheriting a connection loosens no layer. */
const CONNECTS: Readonly<Record<QemuIsolation['network'], Connects>> = {
  none: 'nowhere',
  passt: 'by-path',
  slirp: 'anywhere',
};

/** Returns the networks that machines can have here, first the one that `--net auto` chooses. */
export function networksHere({ qemu, passt }: Pick<Survey, 'qemu' | 'passt'>): QemuIsolation['network'][] {
  return [
    ...(passt?.hasFd === true && passt.problem === undefined ? (['passt'] as const) : []),
    ...(qemu?.netdevs.includes('user') === true ? (['slirp'] as const) : []),
    'none',
  ];
}

export function isolationsOf(survey: Survey): QemuIsolation[] {
  return networksHere(survey).map((network) => isolationOf(network, survey));
}

export function isolationOf(
  network: QemuIsolation['network'],
  { qemu, confinement }: Pick<Survey, 'qemu' | 'confinement'>,
): QemuIsolation {
  const layers = layersOf({ connects: CONNECTS[network], longestFile: undefined }, confinement);
  const isCutOff = layers.namespaces.includes('net') || layers.seccomp.includes('sockets');
  return {
    network,
    namespaces: layers.namespaces,
    usesHostNetwork: !isCutOff,
    hasOwnRoot: layers.namespaces.includes('mount'),
    landlock: layers.landlock !== undefined,
    seccomp: [
      ...(layers.seccomp.length > 0 ? (['vmlet'] as const) : []),
      ...(qemu?.sandbox === true ? (['qemu'] as const) : []),
    ],
    gaps: layers.gaps,
  };
}
