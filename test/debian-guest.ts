import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { findProgram } from '../src/process/program.ts';
import { run } from '../src/process/run.ts';

const ROOT = join(import.meta.dirname, '..');
const RECIPE = join(ROOT, 'fixtures/debian-guest');
const AGENT = join(ROOT, 'dist/guest-agent/vmlet-agent');
const PROGRAMS = ['mmdebstrap', 'fakeroot', 'mke2fs', 'debugfs', 'sfdisk', 'mformat', 'qemu-img', 'flock'];
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The time limit of the hook that calls `debianGuest`: the first call ever installs Debian. */
export const DEBIAN_GUEST_TIMEOUT_MS = 900_000;

export interface DebianGuest {
  /** Read-only; make an overlay. */
  readonly path: string;
  readonly format: 'qcow2';
}

/** Why there can be no Debian guest on this host, or undefined. */
export function whyNoDebianGuest(): string | undefined {
  const missing = PROGRAMS.filter((name) => findProgram(name) === undefined);
  if (!existsSync(KEYRING)) missing.push(KEYRING);
  if (missing.length === 0) return undefined;
  return `no Debian guest can be made without ${missing.join(', ')} (scripts/install-needs test)`;
}

/**
 * A disk with Debian 13 that boots by GRUB under BIOS, UEFI and Secure Boot. It has networkd and resolved (DHCP), sshd
 * (the host key is made at the first start), qemu-ga, and our agent on the port `vmlet.agent`. The host name is
 * `debian`. The serial port, at 115200, is the console and logs root in by itself; whoever sees the prompt may press
 * the power button. Root has no password: put a key into /root/.ssh/authorized_keys.
 *
 * It is built once for each state of the recipe and the agent, in vmlet-test of the user's cache directory.
 * fixtures/debian-guest has the recipe.
 */
export async function debianGuest(): Promise<DebianGuest> {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const directory = join(cache, 'vmlet-test', 'debian-guest');
  mkdirSync(directory, { recursive: true });
  const recipe = digest(recipeFiles());
  const base = join(directory, `${recipe}.raw`);
  const path = join(directory, `${recipe}-${digest([AGENT])}.qcow2`);
  if (!existsSync(path)) {
    const build = join(RECIPE, 'build');
    await run(['flock', '--no-fork', join(directory, '.lock'), build, base, AGENT, path]);
  }
  return { path, format: 'qcow2' };
}

function recipeFiles(): string[] {
  return readdirSync(RECIPE, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Over names and contents. */
function digest(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const content = readFileSync(path);
    hash.update(`${relative(ROOT, path)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}
