import { join } from 'node:path';
import { sha256 } from '../../images/digest/sha256.ts';

/** Options of the directory of failure bundles. */
export interface BundleDirectoryOptions {
  /** Directory of all tests' bundles; `$VMLET_ATTACHMENTS` by default, otherwise `test-results/vmlet`. */
  readonly attachments?: string | undefined;
}

/** Keeps a file name with its digest far below the 255 bytes that file systems allow. */
const LONGEST_NAME = 100;
const DIGEST_LENGTH = 8;

/**
 * Returns the directory of a test's bundle: the same in each run, and different for each test. The digest distinguishes
 * tests whose names differ only in characters that a file name cannot contain.
 * @param test file, suites and name of the test.
 */
export function bundleDirectory(test: readonly string[], options: BundleDirectoryOptions = {}): string {
  // An empty variable counts as unset.
  const fromEnvironment = process.env['VMLET_ATTACHMENTS'] || undefined;
  const root = options.attachments ?? fromEnvironment ?? join('test-results', 'vmlet');
  const readable = test
    .join(' ')
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .slice(0, LONGEST_NAME)
    .replaceAll(/^-|-$/g, '');
  const digest = sha256(test.join('\0')).slice(0, DIGEST_LENGTH);
  return join(root, `${readable || 'test'}-${digest}`);
}
