/** All in one chunk: together they compress better. */
export { DisksTab } from './disks.tsx';
export { FilesTab } from './files.tsx';
export { NetworksTab } from './networks.tsx';
export { SharesTab } from './shares.tsx';
export { SnapshotsTab } from './snapshots.tsx';
