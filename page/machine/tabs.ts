import type { SoundMachine } from '../api/types.ts';
import { lazily } from '../parts/lazily.tsx';

interface Properties {
  readonly machine: SoundMachine;
}

/** Tabs that are loaded when one is opened. */
export const Snapshots = lazily<Properties>(async () => (await import('./loaded-tabs.ts')).SnapshotsTab);
export const Disks = lazily<Properties>(async () => (await import('./loaded-tabs.ts')).DisksTab);
export const Shares = lazily<Properties>(async () => (await import('./loaded-tabs.ts')).SharesTab);
export const MachineNetworks = lazily<Properties>(async () => (await import('./loaded-tabs.ts')).NetworksTab);
export const Files = lazily<Properties>(async () => (await import('./loaded-tabs.ts')).FilesTab);
