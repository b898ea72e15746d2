import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEBIAN_GUEST_TIMEOUT_MS, whyNoDebianGuest } from '../debian-guest.ts';
import { addDebianImage } from '../debian-image.ts';
import { makeTemporaryDirectory } from '../directory.ts';
import { start } from '../e2e/command.ts';
import { copyProbedHost } from '../e2e/probed-host.ts';

const BOOTS_TIMEOUT_MS = 900_000;
const missing = whyNoDebianGuest();
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** Prints `NAME VALUE` for everything that distinguishes or identifies a system. */
const IDENTITY = `
until systemctl --quiet is-active ssh; do sleep 0.2; done
echo name $(hostname)
echo machine-id $(cat /etc/machine-id)
echo mac $(cat /sys/class/net/e*/address)
echo host-key $(cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key.pub)
echo served-key $(ssh-keyscan -q -t ed25519 localhost 2>/dev/null | grep -v '^#' | cut -d ' ' -f 3)
echo seed $(sha256sum /var/lib/systemd/random-seed | cut -c 1-16)
echo random $(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n')
echo uuid $(cat /proc/sys/kernel/random/uuid)
echo minute $(($(date +%s) / 60))
echo journal $(journalctl --quiet --lines 1 --output cat | wc -l)
echo failed $(systemctl --failed --no-legend | wc -l)
`;
const BOOTED = 'the agent answers';
const KEPT_AND_FORKED = 'kept the booted guest';
const FORKED = 'forked a kept guest';
const OWN = ['machine-id', 'mac', 'host-key', 'served-key', 'seed', 'random', 'uuid'];

describe.skipIf(missing !== undefined)('a full system that is kept', () => {
  let home: ReturnType<typeof makeTemporaryDirectory>;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    home = makeTemporaryDirectory();
    const places = ['data', 'cache', 'config', 'state'];
    env = Object.fromEntries(places.map((kind) => [`XDG_${kind.toUpperCase()}_HOME`, join(home.path, kind)]));
    copyProbedHost(join(home.path, 'cache/vmlet'));
    await addDebianImage(join(home.path, 'data/vmlet/images'), 'base');
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(() => home.remove());

  const kept = (): string[] => {
    const guests = join(home.path, 'cache/vmlet/guests');
    return existsSync(guests) ? readdirSync(guests).filter((name) => !name.startsWith('.')) : [];
  };

  /** @param origin that the guest must have, as `--debug` tells it: a run that cannot fork boots without a word. */
  async function run(script: string, origin: string, ...flags: string[]): Promise<string> {
    const words = ['run', '--debug', '--memory', '512M', ...flags, 'base', '--', 'sh', '-c', script];
    const { status, stdout, stderr } = await start(words, { env: { VMLET_FRESH: '', ...env } }).finished;
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining(origin) as string });
    return stdout;
  }

  async function identity(origin: string, ...flags: string[]): Promise<Map<string, string>> {
    const lines = (await run(IDENTITY, origin, ...flags)).trim().split('\n');
    return new Map(lines.map((line) => [line.split(' ')[0] ?? '', line.split(' ').slice(1).join(' ')]));
  }

  it(
    'is forked into systems that differ as much as booted ones',
    async () => {
      const boot = await identity(BOOTED, '--fresh');
      expect(kept()).toEqual([]);
      const forks = [
        await identity(KEPT_AND_FORKED),
        await identity(FORKED),
        await identity(FORKED, '--name', 'web'),
      ];
      expect(kept()).toHaveLength(1);
      for (const name of OWN) {
        const values = [boot, ...forks].map((one) => one.get(name));
        expect(
          values.every((value) => value !== undefined && value !== ''),
          name,
        ).toBe(true);
        expect(new Set(values).size, name).toBe(values.length);
      }
      for (const one of forks) {
        expect(one.get('served-key')).toBe(one.get('host-key'));
        expect(Math.abs(Number(one.get('minute')) - Date.now() / 60_000)).toBeLessThan(3);
        expect(one.get('journal')).toBe('1');
        expect(one.get('failed')).toBe(boot.get('failed'));
      }
      expect(forks.map((one) => one.get('name'))).toEqual(['vmlet', 'vmlet', 'web']);
    },
    BOOTS_TIMEOUT_MS,
  );

  it(
    'serves ssh before its first command when a port is published, without another fork’s files',
    async () => {
      const look = 'systemctl is-active ssh; cat /root/mark 2>/dev/null; echo mine >/root/mark; sync';
      for (let count = 0; count < 2; count++) expect(await run(look, FORKED, '-p', '22')).toBe('active\n');
    },
    BOOTS_TIMEOUT_MS,
  );

  it(
    'is not kept when its image has the file /etc/vmlet/no-keep',
    async () => {
      const script = join(home.path, 'opt-out.sh');
      writeFileSync(script, 'mkdir -p /etc/vmlet; : >/etc/vmlet/no-keep\n');
      const build = ['image', 'build', '--from', 'base', '--run', script, '-o', 'private'];
      expect((await start(build, { env }).finished).status).toBe(0);
      const before = kept();
      const flags = ['run', '--memory', '512M', '--debug', 'private', '--', 'echo', 'hello'];
      const { stdout, stderr } = await start(flags, { env: { VMLET_FRESH: '', ...env } }).finished;
      expect(stdout).toBe('hello\n');
      expect(stderr).toContain('the booted guest was not kept');
      expect(kept()).toEqual(before);
    },
    BOOTS_TIMEOUT_MS,
  );
});
