import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../src/process/program.ts';
import { DEBIAN_GUEST_TIMEOUT_MS, debianGuest, whyNoDebianGuest } from '../debian-guest.ts';
import { type Home, makeHome } from '../e2e/named/home.ts';

const BOOT_MS = 600_000;

const missing =
  whyNoDebianGuest() ?? (findProgram('swtpm') === undefined ? 'swtpm is not installed' : undefined);
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** These tests depend on their order: one machine boots for all of them. */
describe.skipIf(missing !== undefined)('a Debian guest under UEFI with Secure Boot and a TPM', () => {
  let home: Home;

  beforeAll(async () => {
    const { path, format } = await debianGuest();
    home = await makeHome();
    // With a screen, which is the default.
    const hardware = ['-m', '512M', '--cpus', '1'];
    const firmware = ['--firmware', 'uefi-secure', '--tpm'];
    const image = `${path},format=${format}`;
    const created = await home.vmlet('create', 'deb', '--image', image, ...hardware, ...firmware, '--start');
    expect(created).toMatchObject({ status: 0 });
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(async () => home.close());

  async function inGuest(script: string): Promise<string> {
    const { status, stdout, stderr } = await home.vmlet('exec', 'deb', 'sh', '-c', script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout.trim();
  }

  test(
    'boots by its own boot loader, whose signature is verified, and has its TPM',
    async () => {
      const waited = await home.vmlet('wait', 'deb', '--for', 'agent', '--timeout', '10m');
      expect(waited).toMatchObject({ status: 0 });
      expect(await inGuest('od -An -tu1 -j4 /sys/firmware/efi/efivars/SecureBoot-*')).toBe('1');
      expect(await inGuest('cat /sys/class/tpm/tpm0/tpm_version_major')).toBe('2');
    },
    BOOT_MS,
  );

  test('gets a disk while it runs, and releases it', async () => {
    const withDisk = 'ls /dev/disk/by-id | grep -c virtio-disk1 || true';
    expect(await inGuest(withDisk)).toBe('0');
    expect(await home.vmlet('disk', 'add', 'deb', '64M')).toMatchObject({ status: 0 });
    await inGuest(
      'udevadm settle; until test -e /dev/disk/by-id/virtio-disk1; do :; done; dd if=/dev/zero of=/dev/disk/by-id/virtio-disk1 bs=1M count=1 status=none',
    );
    expect(await home.vmlet('disk', 'rm', 'deb', 'disk1', '--storage')).toMatchObject({ status: 0 });
    expect(await inGuest(`udevadm settle; ${withDisk}`)).toBe('0');
  });

  test('is restored with its memory from a snapshot', async () => {
    await inGuest('echo before > /run/memory; echo before > /root/disk; sync');
    expect(await home.vmlet('snapshot', 'create', 'deb', 'first')).toMatchObject({ status: 0 });
    await inGuest('echo after > /run/memory; echo after > /root/disk; sync');
    expect(await home.vmlet('snapshot', 'restore', 'deb', 'first')).toMatchObject({ status: 0 });
    expect(await inGuest('cat /run/memory /root/disk')).toBe('before\nbefore');
  });

  test(
    'powers off at its power button',
    async () => {
      const stopped = await home.vmlet('stop', 'deb', '-t', '5m');
      expect(stopped).toMatchObject({ status: 0 });
      expect(stopped.stderr).toContain('pressed the power button; the guest powered off on request');
    },
    BOOT_MS,
  );
});
