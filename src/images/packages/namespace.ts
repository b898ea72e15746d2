import { rm } from 'node:fs/promises';
import { isSystemError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { MAY_GAIN_PRIVILEGES } from '../../process/confine/tether.ts';
import { plainEnvironment } from './plain-environment.ts';

/** In a user namespace whose root is this user, so that what root makes there is this user's here. */
const AS_ROOT = ['--user', '--map-root-user', '--map-auto'];

/**
 * Wraps argv so that it runs as root, over mounts and processes of its own. All of these are gone as soon as the first
 * process is, however that ends. It has to be started such that it may gain privileges: newuidmap is setuid.
 */
export function inNamespace(argv: readonly string[]): [string, ...string[]] {
  return [
    'unshare',
    ...(process.getuid?.() === 0 ? [] : AS_ROOT),
    ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
    ...argv,
  ];
}

/** Removes a tree, be it one in which a namespace made directories of users that are not this one. */
export async function removeTree(path: string): Promise<void> {
  try {
    // What is killed just now may be making files still.
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    if (!isSystemError(error, 'EACCES', 'EPERM') || process.getuid?.() === 0) throw error;
    await run(['unshare', ...AS_ROOT, '--', 'rm', '-rf', '--', path], {
      environment: plainEnvironment(),
      confinement: MAY_GAIN_PRIVILEGES,
    });
  }
}
