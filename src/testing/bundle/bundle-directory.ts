import { join } from 'node:path';
import { sha256 } from '../../images/digest/sha256.ts';

export interface BundleDirectoryOptions {
  /** Where the bundles of all tests are; `$VMLET_ATTACHMENTS`, else `test-results/vmlet`, by default. */
  readonly attachments?: string | undefined;
}

/** So that a file name with its digest stays far below the 255 bytes that file systems take. */
const LONGEST_NAME = 100;
const DIGEST_LENGTH = 8;

/**
 * Where a test's bundle goes: the same place in each run, and no other test's. The digest keeps apart tests whose names
 * differ only in what a file name cannot hold.
 * @param test its file, its suites and its own name.
 */
export function bundleDirectory(test: readonly string[], options: BundleDirectoryOptions = {}): string {
  // One that is set to nothing is not set.
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
