/** A place in which a hostile program replaces a program of vmlet. */
export interface Case {
  readonly place: 'embedded' | 'named' | 'swtpm' | 'virtiofsd' | 'switch' | 'plug' | 'relay';
  readonly network: 'none' | 'passt-vhost-user' | 'passt-stream' | 'slirp';
  /** In virtiofsd's place. */
  readonly share?: SharedAs;
  /** Layers removed, as if the kernel had them disabled. */
  readonly without: readonly Layer[];
}

/** The options of the directory that virtiofsd serves; `system` is the host's system as a guest. */
export type SharedAs = 'squash' | 'ids=host' | 'ro' | 'system';

export type Layer = 'landlock' | 'namespaces' | 'seccomp';

/** The result of one attempt. */
export interface Attempt {
  readonly attempt: string;
  /** The errno’s name; empty if it succeeded. */
  readonly refusal: string;
  /** Details, such as what was found. */
  readonly remark: string;
}

/** Everything that a hostile program tried in one place. */
export interface Attack {
  readonly user: 'root' | 'an ordinary user';
  /** Undefined for the same program without a wrapper, which shows that the targets are reachable. */
  readonly where: Case | undefined;
  readonly attempts: readonly Attempt[];
  /** The reason why the report is incomplete. */
  readonly problem?: string;
}

export const EVERYWHERE: readonly Case[] = [
  ...(['none', 'passt-vhost-user', 'passt-stream', 'slirp'] as const).map((network) =>
    wholeCase('embedded', network),
  ),
  ...(['none', 'passt-stream', 'slirp'] as const).map((network) => wholeCase('named', network)),
  wholeCase('swtpm', 'none'),
  ...(['squash', 'ids=host', 'ro', 'system'] as const).map((share) => virtiofsdCase(share)),
  wholeCase('switch', 'none'),
  wholeCase('plug', 'none'),
  wholeCase('relay', 'none'),
];

/** Each layer alone, and all but one. Without seccomp, root shares a directory only to be read. */
export const LAYERED: readonly Case[] = [
  virtiofsdCase('squash', ['landlock']),
  virtiofsdCase('squash', ['namespaces']),
  virtiofsdCase('ids=host', ['landlock', 'namespaces']),
  virtiofsdCase('ro', ['seccomp']),
  ...withoutLayers(),
];

function withoutLayers(): Case[] {
  const removed = [
    ['landlock'],
    ['namespaces'],
    ['seccomp'],
    ['landlock', 'namespaces'],
    ['landlock', 'seccomp'],
    ['namespaces', 'seccomp'],
    ['landlock', 'namespaces', 'seccomp'],
  ] as const;
  return removed.map((without) => ({ place: 'embedded', network: 'none', without }));
}

function virtiofsdCase(share: SharedAs, without: readonly Layer[] = []): Case {
  return { place: 'virtiofsd', network: 'none', share, without };
}

function wholeCase(place: Case['place'], network: Case['network']): Case {
  return { place, network, without: [] };
}

export function nameOfCase(where: Case): string {
  const layers = where.without.length > 0 ? `, without ${where.without.join(' and ')}` : '';
  switch (where.place) {
    case 'swtpm':
      return `swtpm's place${layers}`;
    case 'virtiofsd':
      return `virtiofsd's place, ${where.share ?? 'squash'}${layers}`;
    case 'switch':
      return `the place of a network's switch${layers}`;
    case 'plug':
      return `the place of a network's plug${layers}`;
    case 'relay':
      return `the place of a forward's relay${layers}`;
    case 'embedded':
      return `QEMU's place, throw-away, network ${where.network}${layers}`;
    case 'named':
      return `QEMU's place, named, network ${where.network}${layers}`;
  }
}

/** The cases that are counted together. */
export function groupOfCase({ place, without }: Case): string {
  if (without.length > 0) return "QEMU's or virtiofsd's place, with layers removed";
  switch (place) {
    case 'embedded':
    case 'named':
      return "QEMU's place";
    case 'switch':
    case 'plug':
    case 'relay':
      return "the place of a network's switch or plug, or a forward's relay";
    default:
      return `${place}'s place`;
  }
}
