import type { ListedMachine, ListedDisk, ListedSnapshot } from '../../src/machines/index.ts';
import type { LoggedEvent, MachineStatistics, StatisticsRate } from '../../src/machines/index.ts';
import type { NamedMachine } from '../../src/machines/index.ts';

/** A type after JSON: dates are text. */
type Json<T> = T extends Date
  ? string
  : T extends (...args: never[]) => unknown
    ? never
    : T extends object
      ? { [K in keyof T]: Json<T[K]> }
      : T;

type Sound = Extract<ListedMachine, { spec: unknown }>;
type Status = Json<Sound['status']> & { readonly description: string };

/** A machine as the server sends it; see docs/http-api.md. */
export type Machine =
  | (Omit<Json<Sound>, 'status'> & { readonly state: string; readonly status: Status })
  | { readonly name: string; readonly state: 'broken'; readonly problem: string };

export type SoundMachine = Extract<Machine, { spec: unknown }>;

export type PlannedPort = Json<ReturnType<NamedMachine['ports']>[number]>;
export type PublishedSocket = Json<ReturnType<NamedMachine['sockets']>[number]>;
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

/** The answer about one machine: everything of `vmlet inspect`. */
export type InspectedMachine = SoundMachine & {
  readonly plan?: Readonly<Record<string, unknown>>;
  readonly files: Readonly<Record<string, unknown>>;
};

export interface ApiProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly lines?: readonly string[];
}

export interface Operation {
  readonly id: string;
  readonly kind: string;
  readonly machine: string;
  readonly command: string;
  readonly state: 'running' | 'done' | 'failed' | 'cancelled';
  readonly progress?: { readonly text: string; readonly percent?: number; readonly rung?: string };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: ApiProblem;
}
