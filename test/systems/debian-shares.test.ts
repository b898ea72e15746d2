import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needsRecovery } from '../../src/machine/volume/volume.ts';
import { DEBIAN_GUEST_TIMEOUT_MS, debianGuest, whyNoDebianGuest } from '../debian-guest.ts';
import { type Home, makeHome } from '../e2e/named/home.ts';
import { until } from '../e2e/command.ts';
import { whyNoShares } from '../e2e/virtiofsd.ts';

const BOOT_MS = 600_000;
const TMPFS = 'type=tmpfs,dst=/srv/scratch,tmpfs-size=4m';

const missing = whyNoShares ?? whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** These tests depend on their order: one machine boots for all of them. */
describe.skipIf(missing !== undefined)('a Debian guest', () => {
  let home: Home;
  let site = '';

  beforeAll(async () => {
    const { path, format } = await debianGuest();
    home = await makeHome();
    site = join(home.path, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'file'), 'one\n');
    // One vCPU: with two, one occasionally waits half a minute for the other under TCG.
    const hardware = ['-m', '512M', '--cpus', '1', '--display', 'none', '--net', 'none'];
    const volumes = [
      '-v',
      `${site}:/srv/site`,
      '-v',
      `${site}:/tmp/site:ro`,
      '-v',
      'db:/srv/db',
      '--mount',
      TMPFS,
    ];
    const image = ['--image', `${path},format=${format}`];
    const created = await home.vmlet('create', 'deb', ...image, ...hardware, ...volumes, '--start');
    expect(created).toMatchObject({ status: 0 });
    const waited = await home.vmlet('wait', 'deb', '--for', 'agent', '--timeout', '10m');
    expect(waited).toMatchObject({ status: 0 });
  }, DEBIAN_GUEST_TIMEOUT_MS + BOOT_MS);
  afterAll(async () => home.close());

  async function inGuest(script: string): Promise<string> {
    const { stdout, stderr } = await home.vmlet('exec', 'deb', 'sh', '-c', script);
    return `${stdout}${stderr}`.trim();
  }

  test('has its directories without a line in fstab', async () => {
    expect(await inGuest('cat /srv/site/file; touch /tmp/site/x')).toMatch(/^one\n.*Read-only file system$/);
    expect(await inGuest('grep -c virtiofs /etc/fstab')).toBe('0');
    expect(await inGuest('chown -R 33:33 /srv/site; echo guest >/srv/site/new; stat -c %u /srv/site')).toBe(
      '0',
    );
    expect(readFileSync(join(site, 'new'), 'utf8')).toBe('guest\n');
    appendFileSync(join(site, 'file'), 'two\n');
    expect(await inGuest('cat /srv/site/file')).toBe('one\ntwo');
  });

  test('has its volume and its tmpfs', async () => {
    expect(await inGuest('echo kept >/srv/db/file; findmnt -no FSTYPE,SIZE /srv/db; ls /srv/db')).toMatch(
      /^ext4 +9\.\d+G\nfile$/,
    );
    expect(await inGuest('findmnt -no FSTYPE,SIZE /srv/scratch')).toMatch(/^tmpfs +4M$/);
  });

  test(
    'has them again after its reboot',
    async () => {
      const before = await inGuest('cat /proc/sys/kernel/random/boot_id');
      await home.vmlet('exec', 'deb', 'sh', '-c', 'systemctl --no-block reboot');
      const after = await until(async () => {
        const id = await inGuest('cat /proc/sys/kernel/random/boot_id');
        return /^[0-9a-f-]{36}$/.test(id) && id !== before ? id : undefined;
      });
      expect(after).not.toBe(before);
      expect(await inGuest('cat /srv/site/file /tmp/site/new /srv/db/file')).toBe('one\ntwo\nguest\nkept');
      expect(await inGuest('findmnt -no FSTYPE /srv/scratch')).toBe('tmpfs');
    },
    BOOT_MS,
  );

  test(
    'leaves its volume clean when it stops',
    async () => {
      expect(await home.vmlet('stop', 'deb', '--timeout', '5m')).toMatchObject({ status: 0 });
      expect(needsRecovery({ path: join(home.path, 'data/vmlet/volumes/db/disk.raw') })).toBe(false);
      const options = ['--fresh', '--net', 'none', '-v', 'db:/db:ro'];
      const read = await home.vmlet('run', ...options, 'micro', '--', 'cat', '/db/file');
      expect(read.stdout).toBe('kept\n');
    },
    BOOT_MS,
  );
});
