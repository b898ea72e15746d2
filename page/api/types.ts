import type { GuestAddresses, ListedMachine, ListedDisk, ListedSnapshot } from '../../src/machines/index.ts';
import type { LoggedEvent, MachineStatistics, StatisticsRate } from '../../src/machines/index.ts';
import type { ListedDrive, ListedNetwork, ListedShare, ListedVolume } from '../../src/machines/index.ts';
import type { NamedMachine, PrivateNetwork } from '../../src/machines/index.ts';
import type {
  CatalogueRow,
  Finding,
  HostFeature,
  ImageList,
  ListedImage,
  PublishedImage,
  UsageEntry,
} from '../../src/index.ts';
import type { GuestEntry } from '../../src/cli/server/resources/guest-directory.ts';
import type { DescribedError } from '../../src/cli/server/answers/described-error.ts';
import type { Json } from '../../src/cli/server/schemas/json.ts';
import type { TemplateRow } from '../../src/cli/state/template-ls.ts';

type Sound = Extract<ListedMachine, { spec: unknown }>;
type Status = Json<Sound['status']> & { readonly description: string };

/** A machine as the server sends it. */
export type Machine =
  | (Omit<Json<Sound>, 'status'> & { readonly state: string; readonly status: Status })
  | { readonly name: string; readonly state: 'broken'; readonly problem: string };

export type SoundMachine = Extract<Machine, { spec: unknown }>;

export type PlannedPort = Json<ReturnType<NamedMachine['ports']>[number]>;
export type PublishedSocket = Json<ReturnType<NamedMachine['sockets']>[number]>;
export type Addresses = Json<GuestAddresses>;
export type Disk = Json<ListedDisk>;
export type Snapshot = Json<ListedSnapshot>;
export type Statistics = Json<MachineStatistics> & {
  readonly machine: string;
  readonly rate: Json<StatisticsRate> | null;
};
/** The usage of a machine that runs, but could not be read. */
export interface UnreadStatistics {
  readonly machine: string;
  readonly problem: string;
}
export type MachineEvent = LoggedEvent;

/** Applied to each kind of image: `Omit` alone would keep only the fields that all kinds have. */
type WithoutSources<T> = T extends unknown ? Omit<T, 'sources'> : never;
export type Image = WithoutSources<Json<ListedImage>> & {
  readonly verification: string;
  readonly usedBy: readonly string[];
};
export type BrokenImage = Json<ImageList['broken'][number]>;
/** An image that can be pulled by name. */
export type Offered = Pick<Json<CatalogueRow>, 'reference' | 'description' | 'verification'>;
/** The file that a pull would download. */
export type Published = Json<PublishedImage>;
export type Template = Json<TemplateRow>;
export type Volume = Json<ListedVolume>;

/** The parts of `vmlet doctor --json` that the page shows. */
export interface HostReport {
  readonly canRunGuests: boolean;
  readonly findings: readonly Finding[];
  readonly featureTable: { readonly features: readonly HostFeature[] };
}
export type Network = Json<PrivateNetwork>;
export type BrokenNetwork = Json<Exclude<ListedNetwork, PrivateNetwork>>;
export type Drive = Json<ListedDrive>;
export type Share = Json<ListedShare>;
export type GuestFile = Json<GuestEntry>;

export type UsageItem = UsageEntry;
/** Disk use of one kind of files. */
export interface Usage {
  readonly kind: string;
  readonly total: number;
  readonly active: number;
  readonly apparentBytes: number;
  readonly hostBytes: number;
  readonly reclaimableBytes: number;
  readonly entries: readonly UsageItem[];
}

/** The choices of the last start that the page shows. */
export interface Plan {
  readonly accelerator: { readonly kind: 'kvm' } | { readonly kind: 'tcg'; readonly reason: string };
  readonly network?: { readonly backend: string };
}

/** The answer about one machine: everything of `vmlet inspect`. */
export type InspectedMachine = SoundMachine & {
  /** Absent if it does not run. */
  readonly plan?: Plan;
  readonly files: Readonly<Record<string, unknown>>;
};

export type ApiProblem = DescribedError;

export interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly machine: string;
  readonly command: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress?: {
    readonly text: string;
    readonly percent?: number;
    readonly rung?: string;
    readonly created?: boolean;
    readonly passtRestarted?: boolean;
  };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: ApiProblem;
}
