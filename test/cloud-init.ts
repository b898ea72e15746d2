import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CommandFailedError, MissingProgramError } from '../src/errors/index.ts';
import { findProgram } from '../src/process/program.ts';
import { run } from '../src/process/run.ts';
import { makeTemporaryDirectory } from './directory.ts';

const PYTHON = '/usr/bin/python3';
const MODULES = '/usr/lib/python3/dist-packages';
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' };

/** cloud-init's own code on this host. */
export interface CloudInit {
  /** Begins a command line; `cloud-init`'s arguments follow. */
  readonly command: readonly [string, ...string[]];
  readonly python: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The installed cloud-init; else Debian’s package, unpacked into the cache of the tests: installing it would let it
 * configure the host at its next boot. `scripts/install-needs test` installs the Python modules that it imports.
 * @returns the reason why there is none.
 */
export async function findCloudInit(): Promise<CloudInit | string> {
  if (!existsSync(PYTHON)) return 'python3 is not installed';
  if (findProgram('cloud-init') !== undefined)
    return { command: ['cloud-init'], python: PYTHON, environment: ENVIRONMENT };
  let root: string;
  try {
    root = await unpackPackage();
  } catch (error) {
    if (!(error instanceof MissingProgramError) && !(error instanceof CommandFailedError)) throw error;
    return `cloud-init is not installed, and its package cannot be unpacked: ${error.message}`;
  }
  const environment = {
    ...ENVIRONMENT,
    PYTHONPATH: join(root, MODULES),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const command = [PYTHON, join(root, 'usr/bin/cloud-init')] as const;
  try {
    const { stdout } = await run([...command, 'schema', '--help'], { environment });
    if (!stdout.includes('--schema-type')) return 'that of this release has no schema --schema-type';
  } catch (error) {
    if (!(error instanceof CommandFailedError)) throw error;
    return `cloud-init is not installed, and lacks Python modules: ${error.stderr.trim().split('\n').at(-1) ?? ''}`;
  }
  return { command, python: PYTHON, environment };
}

async function unpackPackage(): Promise<string> {
  const cache = join(
    process.env['VMLET_TEST_CACHE'] ?? join(homedir(), '.cache', 'vmlet-test'),
    'cloud-init',
  );
  const { stdout } = await run(['apt-cache', 'policy', 'cloud-init'], { environment: ENVIRONMENT });
  const version = /^ {2}Candidate: (\S+)$/m.exec(stdout.toString('utf8'))?.[1] ?? 'none';
  const root = join(cache, version);
  if (existsSync(root)) return root;
  mkdirSync(cache, { recursive: true });
  const { path: work, remove } = makeTemporaryDirectory(cache, '.');
  try {
    await run(['apt-get', 'download', '-q', 'cloud-init'], { cwd: work, environment: ENVIRONMENT });
    const archive = readdirSync(work)[0] ?? '';
    await run(['dpkg-deb', '-x', archive, 'root'], { cwd: work, environment: ENVIRONMENT });
    // Another run may have unpacked it in the meantime.
    if (!existsSync(root)) renameSync(join(work, 'root'), root);
  } finally {
    remove();
  }
  return root;
}
