import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEBIAN_GUEST_TIMEOUT_MS, whyNoDebianGuest } from '../debian-guest.ts';
import { addDebianImage } from '../debian-image.ts';
import { makeTemporaryDirectory } from '../directory.ts';
import { type Finished, start } from '../e2e/command.ts';
import { until } from '../until.ts';
import { copyProbedHost } from '../e2e/probed-host.ts';
import { whyNoShares } from '../e2e/virtiofsd.ts';

const BOOTS_TIMEOUT_MS = 900_000;
const MEBIBYTE = 1024 * 1024;

const missing = whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Prints the machine’s identity: its machine id and its host key. */
const WHO = 'echo "I am $(cat /etc/machine-id) $(cut -d " " -f 2 /etc/ssh/ssh_host_ed25519_key.pub)"\n';

const SCRIPTS = {
  // Neither a first line that says what it is for, nor anything left in the image of what it removes.
  write: `echo "$GREETING from $PWD" >/file; mkdir /srv/big; yes | head -c 64M >/srv/big/file; sync; rm -r /srv/big`,
  fail: `#!/bin/sh\n${WHO}printf 'to stderr\\tand\\033[31m red\\n' >&2\nexit 3\n`,
  add: `#!/usr/bin/env bash\nset -e\n${WHO}[[ -s /file ]]\necho second >>/file\nmkdir -p /etc/vmlet\n: >/etc/vmlet/no-keep\n`,
};

/** Prints `NAME VALUE` for everything that distinguishes or identifies a system; its network is up before the command. */
const IDENTITY = `
echo addresses $(ip -4 -o addr show scope global | tr -s ' ' | cut -d ' ' -f 4)
echo online $(systemctl is-active network-online.target)
until systemctl --quiet is-active ssh; do sleep 0.2; done
echo name $(hostname)
echo machine-id $(cat /etc/machine-id)
echo mac $(cat /sys/class/net/e*/address)
echo host-key $(cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key.pub)
echo served-key $(ssh-keyscan -q -t ed25519 localhost 2>/dev/null | grep -v '^#' | cut -d ' ' -f 3)
echo seed $(sha256sum /var/lib/systemd/random-seed | cut -c 1-16)
echo random $(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n')
echo uuid $(cat /proc/sys/kernel/random/uuid)
echo boot-id $(cat /proc/sys/kernel/random/boot_id)
echo journal-id $(for logs in /run/log/journal/* /var/log/journal/*; do [ -d $logs ] && basename $logs; done | sort -u)
echo zone $(date +%Z)
echo lease $(sed -n 's/^ADDRESS=//p' /run/systemd/netif/leases/*)
echo minute $(($(date +%s) / 60))
echo journal $(journalctl --quiet --lines 1 --output cat | wc -l)
echo failed $(systemctl --failed --no-legend | wc -l)
echo link-failures $(journalctl --quiet --unit systemd-networkd --output cat | grep 'Could not')
`;
const BOOTED = 'the agent answers';
const KEPT = 'kept the booted guest';
const FORKED = 'forked a kept guest';
const OWN = ['machine-id', 'host-key', 'served-key', 'seed', 'random', 'uuid'];

/** These tests depend on their order: the image that is built is the one that is not kept. */
describe.skipIf(missing !== undefined)('vmlet image build --from', () => {
  let home: ReturnType<typeof makeTemporaryDirectory>;
  let env: NodeJS.ProcessEnv;
  let images = '';
  let booted: Map<string, string>;

  beforeAll(async () => {
    home = makeTemporaryDirectory();
    env = Object.fromEntries(
      ['data', 'cache', 'config', 'state'].map((kind) => [
        `XDG_${kind.toUpperCase()}_HOME`,
        join(home.path, kind),
      ]),
    );
    copyProbedHost(join(home.path, 'cache/vmlet'));
    images = join(home.path, 'data/vmlet/images');
    await addDebianImage(images, 'base');
    for (const [name, content] of Object.entries(SCRIPTS)) writeFileSync(scriptPath(name), content);
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(() => home.remove());

  const scriptPath = (name: string): string => join(home.path, `${name}.sh`);

  async function vmlet(...args: string[]): Promise<Finished> {
    return start(args, { env }).finished;
  }

  async function build(...words: string[]): Promise<Finished> {
    const flags = words.flatMap((word) => (word.startsWith('-') ? [word] : ['--run', scriptPath(word)]));
    return vmlet('image', 'build', '--from', 'base', '--env=GREETING=hello', ...flags, '-o', 'web');
  }

  const leftovers = (): string[] => readdirSync(images).filter((name) => name.startsWith('.building'));

  async function listed(): Promise<{ names: string[]; bytes: number; digest: string }[]> {
    const { stdout } = await vmlet('image', 'ls', '--json');
    return (JSON.parse(stdout) as { images: { names: string[]; bytes: number; digest: string }[] }).images;
  }

  const kept = (): string[] => {
    const guests = join(home.path, 'cache/vmlet/guests');
    return existsSync(guests) ? readdirSync(guests).filter((name) => !name.startsWith('.')) : [];
  };

  /** @param origin that the guest must have, as `--debug` tells it: a run that cannot fork boots without a word. */
  async function run(image: string, script: string, origin: string, ...flags: string[]): Promise<string> {
    const words = ['run', '--debug', '--memory', '512M', ...flags, image, '--', 'sh', '-c', script];
    const { status, stdout, stderr } = await start(words, { env: { VMLET_FRESH: '', ...env } }).finished;
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining(origin) as string });
    return stdout;
  }

  async function identity(origin: string, ...flags: string[]): Promise<Map<string, string>> {
    const found = identityIn(await run('base', IDENTITY, origin, ...flags));
    expect(Math.abs(Number(found.get('minute')) - Date.now() / 60_000)).toBeLessThan(3);
    return found;
  }

  it(
    'keeps the changes of a script, builds on them, and reruns no script needlessly',
    async () => {
      const failed = await build('write', 'fail');
      expect(failed.status).toBe(125);
      expect(failed.stdout).toBe('');
      expect(failed.stderr).toContain('to stderr\tand red\n');
      expect(failed.stderr).toMatch(/vmlet: in the guest, \S+\/fail\.sh exited with status 3; last lines:\n/);
      // The result of the first script is available to the next attempt, without a name.
      const images1 = await listed();
      expect(images1.map(({ names }) => names)).toEqual([[], ['base']]);
      expect(images1[0]?.bytes).toBeLessThan(32 * MEBIBYTE);

      const built = await build('write', 'add');
      expect(built.status).toBe(0);
      expect(built.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
      expect(built.stderr).toContain('/write.sh: reusing the result of an identical earlier run\n');
      const who = [failed, built].map(({ stderr }) => /I am ([0-9a-f]{32}) (\S{60,})/.exec(stderr));
      // Both machines began with the image of the first script.
      expect(who[0]?.[1]).not.toBe(who[1]?.[1]);
      expect(who[0]?.[2]).not.toBe(who[1]?.[2]);
      expect((await listed()).map(({ names }) => names)).toEqual([['web'], [], ['base']]);

      const again = await build('write', 'add');
      expect(again.stdout).toBe(built.stdout);
      expect(again.stderr.match(/reusing the result of an identical earlier run/g)).toHaveLength(2);

      const looks = `cat /file; ls -A /srv; ${WHO}echo\n${IDENTITY}`;
      const [stdout = '', identified = ''] = (await run('web', looks, BOOTED, '--fresh')).split('\n\n');
      expect(stdout).toMatch(/^hello from \/root\nsecond\nI am [0-9a-f]{32} \S{60,}$/);
      booted = identityIn(identified);
      expect(booted.get('online')).toBe('active');
      // It is never kept.
      expect(kept()).toEqual([]);
      for (const [, id, key] of who.map((match) => match ?? [])) {
        expect(stdout).not.toContain(id);
        expect(stdout).not.toContain(key);
      }
      expect(leftovers()).toEqual([]);
    },
    BOOTS_TIMEOUT_MS,
  );

  it(
    'builds an image that is not kept when it has the file /etc/vmlet/no-keep',
    async () => {
      const stdout = await run('web', 'echo hello', 'the booted guest was not kept');
      expect(stdout).toBe('hello\n');
      expect(kept()).toEqual([]);
    },
    BOOTS_TIMEOUT_MS,
  );

  it('keeps the images that a layer is based on', async () => {
    const { status, stderr } = await vmlet('image', 'rm', 'base');
    expect(stderr).toMatch(/image "base" is in use by web/);
    expect(status).toBe(125);
    await vmlet('image', 'rm', 'web');
    expect((await listed()).map(({ names }) => names)).toEqual([['base']]);
  });

  it('times out after --boot-timeout, and leaves nothing', async () => {
    const flags = ['--boot-timeout', '1s', '--run', scriptPath('write')];
    const { status, stderr } = await vmlet('image', 'build', '--from', 'base', ...flags, '-o', 'web');
    expect(status).toBe(124);
    expect(stderr).toMatch(/timed out after 1 s\n[^]*more time with --boot-timeout/);
    expect(leftovers()).toEqual([]);
  });

  it('leaves only what the next command removes when it is killed', async () => {
    const args = ['image', 'build', '--from', 'base', '--run', scriptPath('write'), '-o', 'web'];
    const building = start(args, { env });
    const qemu = await until(() => findQemu());
    building.process.kill('SIGKILL');
    await building.finished;
    await until(() => !existsSync(`/proc/${qemu}`) || commandLine(qemu) === '');
    expect(leftovers()).toHaveLength(1);
    const { status } = await vmlet('image', 'prune', '--force');
    expect(status).toBe(0);
    expect(leftovers()).toEqual([]);
    expect((await listed()).map(({ names }) => names)).toEqual([['base']]);
  });

  it(
    'has a base that is forked into systems that differ as much as booted ones',
    async () => {
      const forks = [await identity(KEPT), await identity(FORKED), await identity(FORKED, '--name', 'web')];
      expect(kept()).toHaveLength(1);
      for (const name of OWN) {
        const values = [booted, ...forks].map((one) => one.get(name));
        expect(
          values.every((value) => value !== undefined && value !== ''),
          name,
        ).toBe(true);
        expect(new Set(values).size, name).toBe(values.length);
      }
      // The first run is a boot: it has its hardware address.
      expect(forks[0]?.get('mac')).toBe(booted.get('mac'));
      expect(new Set(forks.map((one) => one.get('mac'))).size).toBe(forks.length);
      // Linux draws it once, and a full system reads it while it boots.
      expect(new Set(forks.map((one) => one.get('boot-id'))).size).toBe(1);
      expect(forks[0]?.get('boot-id')).not.toBe(booted.get('boot-id'));
      for (const one of forks) {
        for (const same of ['zone', 'addresses', 'lease'])
          expect(one.get(same), `${same}; ${one.get('link-failures')}`).toBe(booted.get(same));
        expect(one.get('lease')).toBe('10.0.2.15');
        expect(one.get('journal-id')).toContain(one.get('machine-id'));
        expect(one.get('served-key')).toBe(one.get('host-key'));
        expect(one.get('journal')).toBe('1');
        expect(one.get('online')).toBe('active');
        expect(one.get('failed')).toBe(booted.get('failed'));
        // networkd then sets up the link twice, and may leave it without IPv4. Other failures are harmless: the guest was
        // kept while networkd added a route.
        expect(one.get('link-failures')).not.toContain('Could not restart DHCP');
      }
      expect(forks.map((one) => one.get('name'))).toEqual(['vmlet', 'vmlet', 'web']);
    },
    BOOTS_TIMEOUT_MS,
  );

  it(
    'has forks that serve ssh before its first command when a port is published, without another fork’s files',
    async () => {
      const look = 'systemctl is-active ssh; cat /root/mark 2>/dev/null; echo mine >/root/mark; sync';
      for (let count = 0; count < 2; count++)
        expect(await run('base', look, FORKED, '-p', '22')).toBe('active\n');
    },
    BOOTS_TIMEOUT_MS,
  );

  it.skipIf(whyNoShares !== undefined)(
    'has forks with a directory of the host and a volume, which outlives them',
    async () => {
      const shared = join(home.path, 'shared');
      mkdirSync(shared);
      writeFileSync(join(shared, 'of-host'), 'from the host\n');
      const mounts = ['-v', `${shared}:/srv/shared`, '-v', 'of-forks:/srv/volume:size=64M'];
      const look =
        'findmnt -no FSTYPE /srv/shared; findmnt -no FSTYPE /srv/volume; cat /srv/shared/of-host /srv/volume/* 2>&1; ' +
        'echo forked >>/srv/volume/file; echo forked >>/srv/shared/of-guest';
      expect(await run('base', look, FORKED, ...mounts)).toMatch(
        /^virtiofs\next4\nfrom the host\ncat: .*No such file or directory\n$/,
      );
      expect(await run('base', look, FORKED, ...mounts)).toBe('virtiofs\next4\nfrom the host\nforked\n');
      expect(readFileSync(join(shared, 'of-guest'), 'utf8')).toBe('forked\nforked\n');
    },
    BOOTS_TIMEOUT_MS,
  );

  it.skipIf(whyNoShares !== undefined)(
    'gives a first run its directory, volume and disk, and keeps the guest without them',
    async () => {
      const shared = join(home.path, 'of-first');
      mkdirSync(shared);
      writeFileSync(join(shared, 'file'), 'from the host\n');
      const words = ['-v', `${shared}:/srv/shared`, '-v', 'of-first:/srv/volume:size=64M', '--disk', '64M'];
      const look = 'cat /srv/shared/file /sys/block/vdb/size; findmnt -no FSTYPE /srv/volume';
      expect(await run('base', look, KEPT, '--renew', ...words)).toBe('from the host\n131072\next4\n');
      const later = 'ls -A /srv; ls /sys/block/vdb 2>&1 | grep -o "No such file"';
      expect(await run('base', later, FORKED)).toBe('No such file\n');
    },
    BOOTS_TIMEOUT_MS,
  );

  function findQemu(): number | undefined {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((pid) => {
        const words = commandLine(pid);
        return words.startsWith('qemu-system') || words.includes('/qemu-system')
          ? words.includes(`${images}/.building`)
          : false;
      });
  }
});

/** Parses what `IDENTITY` prints. */
function identityIn(printed: string): Map<string, string> {
  const lines = printed.trim().split('\n');
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    // It has ended.
    return '';
  }
}
