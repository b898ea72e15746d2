import { rm } from 'node:fs/promises';
import { isSystemError } from '../../errors/index.ts';
import { run } from '../../process/run.ts';
import { MAY_GAIN_PRIVILEGES } from '../../process/confine/tether.ts';
import { plainEnvironment } from '../../util/system/plain-environment.ts';

/** Options for a user namespace whose root is this user: files of that root belong to this user outside. */
const AS_ROOT = ['--user', '--map-root-user', '--map-auto'];

/**
 * Wraps argv so that it runs as root in namespaces of its own for mounts and processes. The kernel ends all of these
 * when the first process ends. The command must be allowed to gain privileges, because newuidmap is setuid.
 */
export function inNamespace(argv: readonly string[]): [string, ...string[]] {
  return [
    'unshare',
    ...(process.getuid?.() === 0 ? [] : AS_ROOT),
    ...['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
    ...argv,
  ];
}

/** Removes a tree, including directories that other users of a namespace own. */
export async function removeTree(path: string): Promise<void> {
  try {
    // A process that was just killed may still create files.
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    if (!isSystemError(error, 'EACCES', 'EPERM') || process.getuid?.() === 0) throw error;
    await run(['unshare', ...AS_ROOT, '--', 'rm', '-rf', '--', path], {
      environment: plainEnvironment(),
      confinement: MAY_GAIN_PRIVILEGES,
    });
  }
}
