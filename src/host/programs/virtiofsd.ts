import { run } from '../../process/run.ts';
import type { VirtiofsdFeatures } from '../survey/host.ts';

const PATIENCE_MS = 20_000;

/** Options that every share needs. QEMU's own virtiofsd of 2022, which needs root, lacks some. */
const NEEDED = ['--fd', '--shared-dir', '--cache', '--sandbox', '--readonly', '--rlimit-nofile'];

/** Probes the features of virtiofsd. */
export async function probeVirtiofsd(
  path: string,
  signal: AbortSignal | undefined,
): Promise<VirtiofsdFeatures> {
  // It fails with 1 without the privileges of root, or where a library is missing.
  const options = { signal, timeoutMs: PATIENCE_MS, environment: {}, acceptedExitCodes: [0, 1, 2, 127] };
  const [help, capabilities] = await Promise.all([
    run([path, '--help'], options),
    run([path, '--print-capabilities'], options),
  ]);
  const text = help.stdout.toString('utf8') + help.stderr;
  const has = (option: string): boolean => new RegExp(`(^|\\s)${option}\\b`, 'm').test(text);
  const missing = NEEDED.find((option) => !has(option));
  return {
    path,
    translatesIds: has('--translate-uid') && has('--translate-gid'),
    usesFileHandles: has('--inode-file-handles'),
    survivesMissingFiles: has('--migration-on-error'),
    announcesMounts: has('--no-announce-submounts'),
    migrates: /"migrate-precopy"/.test(capabilities.stdout.toString('utf8')),
    problem: missing === undefined ? undefined : `this virtiofsd does not support ${missing}`,
  };
}
