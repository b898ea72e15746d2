import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { makeTemporaryDirectory } from '../../directory.ts';
import { VICTIM, giveTo, whyNoOtherUser } from '../../hardening/user.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** Creates and starts a machine with limits, and prints the effective limits. */
const SCRIPT = `
set -eu
vmlet() { "$NODE" "$VMLET" "$@"; }
qemu() { grep -lx vmlet-m /proc/[0-9]*/comm | cut -d/ -f3; }
vmlet create m --image "$HOME/guest.img,format=raw" --memory 64M --net none --display none --limit cpus=1.5,memory=3G
vmlet start m
pid=$(qemu)
unit=$(sed -n 's#^0::.*/##p' "/proc/$pid/cgroup")
echo "environment of $(tr '\\0' ' ' < "/proc/$pid/environ" | wc -c) bytes"
systemctl --user show "$unit" --property Description,CPUQuotaPerSecUSec,MemoryMax,MemorySwapMax
vmlet kill m
while systemctl --user --quiet is-active "$unit"; do sleep 0.05; done
echo "scopes: $(systemctl --user --no-legend --plain list-units 'run-*.scope' | wc -l)"
vmlet set m --limit none
vmlet start m
echo "without: $(sed -n 's#^0::.*/##p' "/proc/$(qemu)/cgroup")"
vmlet rm --force --storage m
`;

async function whyNot(): Promise<string | undefined> {
  if (!existsSync('/usr/lib/systemd/systemd')) return 'systemd is not installed';
  const reason = await whyNoOtherUser();
  if (reason !== undefined) return reason;
  const { status, stderr } = spawnSync('unshare', [
    '--mount',
    'mount',
    '-t',
    'cgroup2',
    'none',
    '/sys/fs/cgroup',
  ]);
  return status === 0 ? undefined : `no cgroups of version 2 can be had here: ${stderr.toString()}`;
}

/** In the session of a user with an empty home. */
function inSession(controllers: string): { status: number | null; stdout: string; stderr: string } {
  const { path, remove } = makeTemporaryDirectory();
  try {
    chmodSync(path, 0o711);
    const home = join(path, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'guest.img'), bootSectors.hang);
    giveTo(VICTIM, home);
    const argv = [String(VICTIM.uid), home, controllers, 'sh', '-c', SCRIPT];
    const env = { PATH: process.env['PATH'], NODE: process.execPath, VMLET: join(ROOT, 'dist/bin/vmlet.js') };
    return spawnSync(join(ROOT, 'fixtures/host/user-systemd.sh'), argv, { env, encoding: 'utf8' });
  } finally {
    remove();
  }
}

test('limits apply to QEMU’s own cgroup, which is removed with the machine', async (context) => {
  const reason = await whyNot();
  if (reason !== undefined) return context.skip(reason);
  const { status, stdout, stderr } = inSession('cpu memory pids');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('environment of 0 bytes\n');
  expect(stdout).toMatch(/^Description=vmlet m$/m);
  expect(stdout).toMatch(/^CPUQuotaPerSecUSec=1\.5\d*s$/m);
  expect(stdout).toMatch(new RegExp(`^MemoryMax=${3 * 1024 ** 3}$`, 'm'));
  expect(stdout).toMatch(/^MemorySwapMax=0$/m);
  expect(stdout).toMatch(/^scopes: 0$/m);
  expect(stdout).toMatch(/^without: init\.scope$/m);
});

test('a limit that systemd would not enforce is rejected', async (context) => {
  const reason = await whyNot();
  if (reason !== undefined) return context.skip(reason);
  const { status, stderr } = inSession('memory pids');
  expect(status).toBe(125);
  expect(stderr).toContain(
    'vmlet: limits: not supported on this host: systemd lacks these cgroup controllers: cpu\n',
  );
});
