import { copyFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generalizeGuest } from '../../src/guest/agent/generalize.ts';
import { addImage } from '../../src/images/store/add-image.ts';
import { makeBuildDirectory } from '../../src/images/store/build-directory.ts';
import { locate } from '../../src/machine/paths/locations.ts';
import { defaultLogin } from '../../src/machine/plan/seed-disk.ts';
import { findProgram } from '../../src/process/program.ts';
import { run } from '../../src/process/run.ts';
import type { LiveMachine } from '../../src/machines/index.ts';
import { Scope } from '../../src/util/scope.ts';
import {
  AGENT_FILES,
  DEBIAN_GUEST_TIMEOUT_MS,
  debianGuestWithoutAgent,
  rootFileSystemIn,
  whyNoDebianGuest,
} from '../debian-guest.ts';
import { type Home, makeHome } from '../e2e/named/home.ts';
import { makeDirectories } from '../../src/util/files/make-directories.ts';

const BOOT_MS = 600_000;
const SECRET = 'not-for-all-eyes';
/** cloud-init runs scripts in the order of the names that it gives them. */
const ORDER = `script\nfirst\nsecond 0 ${SECRET}\n`;
const guest = {
  user: 'debian',
  firmware: 'bios',
  cpu: 'x86-64',
  provisioner: 'cloud-init',
  agent: false,
} as const;

const missing = whyNoDebianGuest() ?? (findProgram('ssh') === undefined ? 'ssh is not installed' : undefined);
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** These tests depend on their order: one machine boots twice for all of them. */
describe.skipIf(missing !== undefined)('a guest with a seed', () => {
  const login = defaultLogin(guest);
  let home: Home;
  let live: LiveMachine;

  beforeAll(async () => {
    home = await makeHome();
    await addImageWithoutAgent();
    const machine = await home.store.create({
      ...{ name: 'seeded', image: 'cloud', cpus: 1, memory: '512M', diskSize: '3G', ports: ['22'] },
      display: 'none',
      seed: {
        files: [
          { path: '/etc/binary', content: Buffer.from([0, 255, 10]), mode: 0o640 },
          { path: '/etc/theirs', content: `${SECRET}\n`, mode: 0o600, owner: `${login}:${login}` },
        ],
        run: ['echo first >>/root/order', `echo "second $(id -u) ${SECRET}" >>/root/order`],
        timezone: 'Europe/Berlin',
        userData: '#!/bin/sh\necho script >>/root/order\n',
      },
    });
    live = await machine.start();
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(async () => home.close());

  async function addImageWithoutAgent(): Promise<void> {
    const { path: disk, sha256 } = await debianGuestWithoutAgent();
    const images = locate(home.environment, home.path, 0).images;
    // The home has the host's.
    rmSync(images);
    makeDirectories(images);
    await using scope = new Scope();
    const buildDirectory = await makeBuildDirectory(images, scope);
    const path = join(buildDirectory, 'disk.qcow2');
    copyFileSync(disk, path);
    await addImage(
      { path, bytes: statSync(path).size, sha256 },
      {
        ...{ store: images, buildDirectory, names: ['cloud'], format: 'qcow2', guest },
        origin: { kind: 'imported', file: disk, verification: 'none' },
      },
    );
  }

  async function inGuest(script: string): Promise<string> {
    // Repeated each time: looking for addresses and ssh need it as well.
    await using channel = await live.openGuest({ timeoutMs: BOOT_MS });
    expect(channel.kind).toBe('vmlet');
    const { exitCode, stdout, stderr } = await channel.exec(['sh', '-c', script]);
    expect({ script, exitCode, stderr: Buffer.from(stderr).toString() }).toEqual({
      script,
      exitCode: 0,
      stderr: '',
    });
    return Buffer.from(stdout).toString();
  }

  test(
    'has vmlet’s agent before it has a network',
    async () => {
      expect(await inGuest('systemctl is-system-running --wait')).toBe('running\n');
      const [agent, network] = (
        await inGuest(
          'systemctl show --value -p ActiveEnterTimestampMonotonic vmlet-agent.service systemd-networkd.service',
        )
      )
        .trim()
        .split(/\s+/)
        .map(Number);
      expect(agent).toBeGreaterThan(0);
      expect(agent).toBeLessThan(network!);
    },
    BOOT_MS,
  );

  test('has the given identity and contents', async () => {
    expect(await inGuest('hostname; cat /etc/timezone; readlink /etc/localtime')).toBe(
      'seeded\nEurope/Berlin\n/usr/share/zoneinfo/Europe/Berlin\n',
    );
    expect(await inGuest('cat /root/order')).toBe(ORDER);
    expect(await inGuest("stat -c '%a %U %G' /etc/binary /etc/theirs; od -An -tx1 /etc/binary")).toBe(
      `640 root root\n600 ${login} ${login}\n 00 ff 0a\n`,
    );
    expect(await inGuest(`getent shadow ${login} | cut -d: -f2; getent passwd debian | wc -l`)).toBe(
      `!\n${login === 'debian' ? 1 : 0}\n`,
    );
  });

  test('gets its address by DHCP, on a card with a known name', async () => {
    const { addresses } = await live.addresses();
    expect(addresses).toContainEqual(expect.objectContaining({ address: '10.0.2.15' }));
    expect(await inGuest('ip -o -4 route show default')).toMatch(
      /^default via 10\.0\.2\.2 dev eth0 proto dhcp/,
    );
  });

  test('lets its owner log in by ssh and use sudo without a password', async () => {
    const { configPath } = await live.prepareSsh({ timeoutMs: BOOT_MS });
    const { stdout } = await run(
      ['ssh', '-F', configPath, '-o', 'BatchMode=yes', 'seeded.vmlet', 'id -un; sudo -n id -u; hostname'],
      { environment: { PATH: process.env['PATH']!, HOME: home.path } },
    );
    expect(stdout.toString()).toBe(`${login}\n0\nseeded\n`);
  });

  test('shows the seed to root only', async () => {
    const nobody = 'setpriv --reuid nobody --regid nogroup --clear-groups';
    const places = '/run /var/log /var/lib/cloud';
    expect(await inGuest(`grep -rlF ${SECRET} ${places}`)).toContain('/var/lib/cloud/instances/');
    expect(await inGuest(`${nobody} grep -rslF ${SECRET} ${places} || [ $? -ne 0 ]`)).toBe('');
    const files = '/dev/disk/by-label/CIDATA /var/lib/cloud/instance/user-data.txt';
    const readable = `for file in ${files}; do [ -e "$file" ] && ! head -c 1 "$file" || echo "$file"; done`;
    expect(await inGuest(`${nobody} sh -c '${readable}' 2>/dev/null`)).toBe('');
    expect(await inGuest('ls -d /run/vmlet-seed* 2>/dev/null || :')).toBe('');
  });

  test(
    'does not repeat its first boot, and gets the agent again without a network',
    async () => {
      const keys = await inGuest('cat /etc/ssh/ssh_host_*.pub; cat /etc/machine-id');
      await inGuest(`rm ${AGENT_FILES.join(' ')}; sync`);
      await live.stop();
      const machine = home.store.get('seeded');
      await machine.removePorts(undefined);
      await machine.set({ net: 'none' });
      live = await machine.start();
      expect(await inGuest('systemctl is-system-running --wait; ls /sys/class/net')).toBe('running\nlo\n');
      expect(await inGuest('cat /root/order')).toBe(ORDER);
      expect(await inGuest('cat /etc/ssh/ssh_host_*.pub; cat /etc/machine-id')).toBe(keys);
    },
    BOOT_MS,
  );

  test(
    'can be turned into an image without its identity',
    async () => {
      {
        await using channel = await live.openGuest({ timeoutMs: BOOT_MS });
        await generalizeGuest(channel);
      }
      await live.stop();
      const { spec, files } = home.store.get('seeded');
      const raw = join(home.path, 'raw');
      const disk = join(files.storage, spec.disks[0]!.file);
      await run(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', disk, raw]);
      const looks = [
        ...['cat /etc/machine-id', 'ls -p /var/lib/systemd', 'ls -p /var/lib/cloud', 'ls -p /etc/ssh'],
        ...['ls -p /var/log/journal', 'ls -p /etc/systemd/network', 'cat /var/log/cloud-init.log'],
      ];
      const seen: string[] = [];
      for (const look of looks) {
        seen.push((await run(['debugfs', '-R', look, rootFileSystemIn(raw)])).stdout.toString());
      }
      const [machineId, systemd, cloud, ssh, journal, network, log] = seen;
      expect({ machineId, log }).toEqual({ machineId: '', log: '' });
      expect(systemd).toContain('/pstore/');
      expect(systemd).not.toMatch(/random-seed|credential/);
      expect(cloud).not.toContain('/instance');
      expect(ssh).toContain('/sshd_config/');
      expect(ssh).not.toContain('ssh_host');
      expect(journal).not.toMatch(/[0-9a-f]{32}/);
      expect(network).not.toContain('cloud-init');
    },
    BOOT_MS,
  );
});
