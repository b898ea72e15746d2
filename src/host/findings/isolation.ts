import { type Connects, type Namespace, layersOf } from '../../process/confine/layers.ts';
import type { Survey } from '../survey/host.ts';

/** What the QEMU of a machine with this network is kept from on this host. It is what a start puts around it. */
export interface QemuIsolation {
  /** `passt` is the same over a stream and over vhost-user; a bridge is as `none`. */
  readonly network: 'none' | 'passt' | 'slirp';
  /** Its own ones; of the others it has the host's. */
  readonly namespaces: readonly Namespace[];
  /** It speaks to the host's network itself. */
  readonly usesHostNetwork: boolean;
  /** It sees its own files and nothing else, by a root of its own. */
  readonly hasOwnRoot: boolean;
  readonly landlock: boolean;
  /** Whose filters of system calls it has. */
  readonly seccomp: readonly ('vmlet' | 'qemu')[];
  /** What it may do because a layer is missing, a sentence each. */
  readonly gaps: readonly string[];
}

/** Where it connects to; what inherits its connections is kept from no less. */
const CONNECTS: Readonly<Record<QemuIsolation['network'], Connects>> = {
  none: 'nowhere',
  passt: 'by-path',
  slirp: 'anywhere',
};

/** The networks that machines can have here, and that with `--net auto` first. */
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
