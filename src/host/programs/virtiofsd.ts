import type { VirtiofsdFeatures } from '../survey/host.ts';
import { printed } from './printed.ts';

/** Options that every share needs. QEMU's own virtiofsd of 2022, which needs root, lacks some. */
const NEEDED = ['--fd', '--shared-dir', '--cache', '--sandbox', '--readonly', '--rlimit-nofile'];

/** Probes the features of virtiofsd. */
export async function probeVirtiofsd(path: string, signal: AbortSignal): Promise<VirtiofsdFeatures> {
  // It fails with 1 without the privileges of root.
  const [help, capabilities] = await Promise.all([
    printed([path, '--help'], signal),
    printed([path, '--print-capabilities'], signal),
  ]);
  const has = (option: string): boolean => new RegExp(`(^|\\s)${option}\\b`, 'm').test(help);
  const missing = NEEDED.find((option) => !has(option));
  return {
    path,
    translatesIds: has('--translate-uid') && has('--translate-gid'),
    usesFileHandles: has('--inode-file-handles'),
    survivesMissingFiles: has('--migration-on-error'),
    announcesMounts: has('--no-announce-submounts'),
    migrates: /"migrate-precopy"/.test(capabilities),
    problem: missing === undefined ? undefined : `this virtiofsd does not support ${missing}`,
  };
}
