import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IncomingMessage } from 'node:http';
import { bootSectors } from '../../fixtures/guests/boot-sectors.ts';
import { readEvents } from '../../src/machine/life/event-log.ts';
import { locate } from '../../src/machine/paths/locations.ts';
import { NetworkStore } from '../../src/machines/index.ts';
import { readSerialStart } from '../../src/machines/channel/serial-start.ts';
import { findProgram } from '../../src/process/program.ts';
import {
  DEBIAN_GUEST_TIMEOUT_MS,
  debianGuest,
  debianGuestWithoutAgent,
  whyNoDebianGuest,
} from '../debian-guest.ts';
import { type Finished, VMLET } from '../e2e/command.ts';
import { until } from '../until.ts';
import { type Home, makeHome } from '../e2e/named/home.ts';
import { Terminal } from '../e2e/named/terminal.ts';
import { Publisher } from '../publisher.ts';

const BOOT_MS = 600_000;
/** One vCPU: with two, one occasionally waits half a minute for the other under TCG. */
const HARDWARE = ['-m', '512M', '--cpus', '1'];
const SERVE = 'systemd-run --quiet --working-directory=/srv python3 -m http.server 80';
const BUILD = '20261120-1234';
const IMAGE = `debian-13-genericcloud-amd64-${BUILD}.qcow2`;
const ON_SITE = '/images/cloud/trixie';

const lacking = ['ssh', 'tmux'].filter((name) => findProgram(name) === undefined);
const missing =
  whyNoDebianGuest() ?? (lacking.length > 0 ? `${lacking.join(' and ')} is not installed` : undefined);
if (missing !== undefined) console.warn(`skipped: ${missing}`);

/** These tests depend on their order: one machine boots twice, and another one, of a pulled image, once. */
describe.skipIf(missing !== undefined)('the first boot of an image', () => {
  let home: Home;
  const file = (name: string, content: string): string => {
    writeFileSync(join(home.path, name), content);
    return join(home.path, name);
  };

  beforeAll(async () => {
    const { path } = await debianGuest();
    home = await makeHome();
    const { images } = locate(home.environment, home.path, 0);
    // The home has the host's.
    rmSync(images);
    mkdirSync(images, { mode: 0o700 });
    expect(await home.vmlet('image', 'import', '--quiet', '--agent', path, 'deb:13')).toMatchObject({
      status: 0,
    });
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(async () => home.close());

  const networks = (): NetworkStore => new NetworkStore(home.environment);

  async function inGuest(script: string): Promise<Finished> {
    return home.vmlet('exec', 'web', 'sh', '-c', script);
  }

  test('rejects user-data that is not YAML, names the line, and creates nothing', async () => {
    const broken = file('broken.yaml', '#cloud-config\npackages:\n - a\n b: [\n');
    for (const words of [
      ['create', 'web', '--image', 'deb:13', '--user-data', broken],
      ['run', '--user-data', broken, 'deb:13', '--', 'true'],
    ]) {
      const refused = await home.vmlet(...words);
      expect(refused).toMatchObject({ status: 125, stdout: '' });
      expect(refused.stderr).toMatch(/^vmlet: --user-data: line \d, column \d+: .+\n/);
    }
    expect(home.machines()).toEqual([]);
  });

  test('explains a mistake and how to correct it', async () => {
    const mistyped = await home.vmlet('run', 'dep:13', '--', 'true');
    expect(mistyped).toMatchObject({ status: 125, stdout: '' });
    expect(mistyped.stderr).toMatch(/^vmlet: no such image: dep:13\n {2}did you mean deb:13\?/);
    const unknown = await home.vmlet('run', 'nothing-like-it:1', '--', 'true');
    expect(unknown.stderr).toMatch(
      /^vmlet: no such image: nothing-like-it:1\n {2}to list images, run: vmlet image ls --remote/,
    );
    const forMicro = await home.vmlet('run', '--username', 'ann', 'micro', '--', 'true');
    expect(forMicro.stderr).toMatch(
      /^vmlet: --username: requires a disk, but this machine boots a kernel directly\n/,
    );
    const small = await home.vmlet('run', '--disk-size', '1G', 'deb:13', '--', 'true');
    expect(small.stderr).toMatch(/^vmlet: --disk-size: 1 GiB is smaller than the image deb:13 \(2 GiB\)\n/);
  });

  test('shows the seed and a larger disk in a dry run; a disk file has a seed only on request', async () => {
    const flags = ['--hostname', 'shown', '--disk-size', '5G', 'deb:13'];
    const { status, stdout } = await home.vmlet('run', '--dry-run', ...flags);
    expect(status).toBe(0);
    expect(stdout).toMatch(/local-hostname: shown/);
    expect(stdout).toMatch(/qemu-img create .*disk0.qcow2 5368709120\n/);
    const { path } = await debianGuest();
    const seedOf = async (...words: string[]): Promise<unknown> => {
      const shown = await home.vmlet('run', '--dry-run', '--json', ...words, path);
      return (JSON.parse(shown.stdout) as { plan: { seed?: unknown } }).plan.seed;
    };
    expect(await seedOf()).toBeUndefined();
    expect(await seedOf('--cloud-init')).toBeDefined();
    expect(await seedOf('--timezone', 'UTC')).toBeDefined();
  });

  test(
    'can be waited for with progress; a failure shows what failed and its output',
    async () => {
      const failing = file('failing.yaml', '#cloud-config\nruncmd: ["ls /not-there"]\n');
      const motd = file('motd', 'Grüße\n');
      await networks().create({ name: 'lan' });
      const created = await home.vmlet(
        ...[
          'create',
          'web',
          '--image',
          'deb:13',
          ...HARDWARE,
          '--display',
          'none',
          '-p',
          '80',
          '--network',
          'lan',
          '--start',
        ],
        ...['--username', 'ann', '--hostname', 'alpha', '--timezone', 'Europe/Berlin'],
        ...['--file', `${motd}:/etc/motd:0640`, '--user-data', failing],
        ...['--firstboot-command', 'echo once >>/root/times', '--firstboot-command', SERVE],
      );
      expect(created).toMatchObject({ status: 0, stdout: 'web\n' });
      expect(created.stderr).toMatch(
        /machine "web" boots for the first time; .*: vmlet wait web --for cloud-init\n/,
      );
      const hasty = await home.vmlet('wait', 'web', '--for', 'cloud-init', '--timeout', '100ms');
      expect(hasty).toMatchObject({ status: 124 });
      expect(hasty.stderr).toMatch(
        /^vmlet: timed out after .* waiting for cloud-init in machine "web"\n {2}cloud-init: \S/,
      );

      using terminal = new Terminal(home);
      terminal.run(`${process.execPath} ${VMLET} wait web --for cloud-init`);
      await terminal.shows(/^web: waiting for cloud-init \(\S.*\)…/);
      await terminal.shows(/^left with 125/);
      expect(terminal.lines().join('\n')).toMatch(
        /^vmlet: cloud-init failed in machine "web": scripts.user \(the commands of the first boot\)/,
      );
      const again = await home.vmlet('wait', 'web', '--for', 'cloud-init');
      expect(again).toMatchObject({ status: 125, stdout: '' });
      expect(again.stderr).toMatch(/Runparts: 1 failures \(runcmd\).*\nlast output:\n( {2}\| .*\n)+/);
      expect(again.stderr).toMatch(/^ {2}\| ls: cannot access '\/not-there': No such file or directory$/m);
      expect(again.stderr).not.toContain('ED25519');
    },
    BOOT_MS,
  );

  test('applies all options', async () => {
    expect(await inGuest('hostname; date +%Z; cat /root/times; stat -c %a /etc/motd; cat /etc/motd')).toEqual(
      {
        status: 0,
        signal: undefined,
        stdout: expect.stringMatching(/^alpha\nCES?T\nonce\n640\nGrüße\n$/) as string,
        stderr: '',
      },
    );
    const index = file('index.html', 'hello from web\n');
    expect(await home.vmlet('cp', index, 'web:/srv/index.html')).toMatchObject({ status: 0 });
    expect(await home.vmlet('wait', 'web', '--for', 'port=80')).toMatchObject({ status: 0 });
    const forward = home.store
      .get('web')
      .live()
      .ports()
      .find(({ guestPort }) => guestPort === 80);
    const [response] = (await once(get(`http://127.0.0.1:${forward?.hostPort}/index.html`), 'response')) as [
      IncomingMessage,
    ];
    expect(await text(response)).toBe('hello from web\n');
    expect(await home.vmlet('ssh', 'web', '--', 'id -un; sudo id -un')).toMatchObject({
      status: 0,
      stdout: 'ann\nroot\n',
    });
  });

  test(
    'does not run again at the next boot',
    async () => {
      expect(await home.vmlet('stop', 'web')).toMatchObject({ status: 0 });
      const started = await home.vmlet('start', 'web');
      expect(started).toMatchObject({ status: 0 });
      expect(started.stderr).not.toContain('first time');
      expect(await home.vmlet('wait', 'web', '--for', 'cloud-init')).toMatchObject({ status: 0, stderr: '' });
      expect(await inGuest('systemctl is-system-running --wait; cat /root/times; hostname')).toMatchObject({
        status: 0,
        stdout: 'running\nonce\nalpha\n',
      });
      // networkd manages all cards of this image: it requests the first address, and removes the second one at boot.
      const [web] = (await networks().get('lan')).members;
      const addresses = async (): Promise<string> => (await inGuest('ip -o addr show scope global')).stdout;
      await until(async () => (await addresses()).includes(` ${web?.ipv6}/64 `));
      expect(await addresses()).toContain(` ${web?.address}/24 `);
    },
    BOOT_MS,
  );

  test(
    'leaves to the image its boot loader, the login on the serial port, and the power button',
    async () => {
      const { files } = home.store.get('web');
      const { offset } = readSerialStart(files);
      const printed = (): string => readFileSync(files.serialLog).subarray(offset).toString();
      await until(() => printed().includes('root@alpha:~#'));
      expect(printed()).toMatch(
        /GRUB starts Debian[^]*Linux version[^]*alpha login: root \(automatic login\)/,
      );
      const stopped = await home.vmlet('stop', 'web', '--timeout', '5m');
      expect(stopped).toMatchObject({ status: 0 });
      expect(stopped.stderr).toContain('pressed the power button; the guest powered off on request');
      expect(printed()).toContain('reboot: Power down');
      const shutdowns: unknown[] = [];
      for await (const { event, data } of readEvents(files.events))
        if (event === 'SHUTDOWN') shutdowns.push(data);
      expect(shutdowns.at(-1)).toEqual({ guest: true, reason: 'guest-shutdown' });
      await home.removeAll();
    },
    BOOT_MS,
  );

  test(
    'is required to succeed in the guest of a template',
    async () => {
      const words = ['--image', 'deb:13', ...HARDWARE, '--user-data', join(home.path, 'failing.yaml')];
      const created = await home.vmlet('template', 'create', 'broken', ...words);
      expect(created).toMatchObject({ status: 125, stdout: '' });
      expect(created.stderr).toContain('vmlet: cloud-init failed in the guest of the template: scripts');
      expect(await home.vmlet('template', 'ls', '--quiet')).toMatchObject({ status: 0, stdout: '' });
    },
    BOOT_MS,
  );

  describe('of an image of the catalogue without an agent, from a mirror on loopback', () => {
    let publisher: Publisher;

    beforeAll(async () => {
      publisher = await Publisher.start();
      const { path } = await debianGuestWithoutAgent();
      publisher.publishFile(`${ON_SITE}/${BUILD}/${IMAGE}`, path);
      const place = `${ON_SITE}/latest/debian-13-genericcloud-amd64.json`;
      publisher.publish(place, await describeBuild(path), 'application/json');
      const config = join(home.path, 'config/vmlet');
      mkdirSync(config, { recursive: true });
      const mirrors = `mirrors:\n  https://cloud.debian.org/: [${publisher.url}/]\n`;
      writeFileSync(join(config, 'images.yaml'), mirrors);
    });
    afterAll(async () => publisher[Symbol.asyncDispose]());

    test(
      'pulls and verifies it, gives it the agent, and has ended before a command runs, also without a network',
      async () => {
        const words = ['--net', 'none', '--firstboot-command', 'echo done >/root/done'];
        const ran = await home.vmlet(
          ...['run', ...HARDWARE, ...words, 'debian:13', '--'],
          ...['sh', '-c', 'cat /root/done; systemctl is-system-running; cat /etc/os-release'],
        );
        expect(ran).toMatchObject({
          status: 0,
          stdout: expect.stringMatching(/^done\nrunning\n[^]*^VERSION_ID="13"$/m) as string,
          stderr: '',
        });
        const listed = await home.vmlet('image', 'ls', '--json');
        const { images } = JSON.parse(listed.stdout) as { images: { names: string[] }[] };
        expect(images.filter(({ names }) => !names.includes('deb:13'))).toMatchObject([
          { names: ['debian:13'], kind: 'disk', origin: { kind: 'pulled', verification: 'digest' } },
        ]);
        expect(publisher.count(`${ON_SITE}/${BUILD}/${IMAGE}`)).toBe(1);
      },
      BOOT_MS,
    );
  });
});

describe('a guest without cloud-init', () => {
  let home: Home;
  beforeAll(async () => {
    home = await makeHome();
  });
  afterAll(async () => home.close());

  test('makes vmlet wait fail at once', async () => {
    expect(await home.vmlet('create', 'plain', '--image', 'micro', '--start')).toMatchObject({
      status: 0,
      stderr: '',
    });
    const waited = await home.vmlet('wait', 'plain', '--for', 'cloud-init');
    expect(waited).toMatchObject({ status: 125, stdout: '' });
    expect(waited.stderr).toMatch(/^vmlet: machine "plain" has no cloud-init\n/);
  });

  test('without an agent explains how to install one', async () => {
    const disk = join(home.path, 'hang.raw');
    writeFileSync(disk, bootSectors.hang);
    const words = ['--boot-timeout', '1s', `${disk},format=raw`, '--', 'true'];
    const without = await home.vmlet('run', ...words);
    expect(without).toMatchObject({ status: 124, stdout: '' });
    expect(without.stderr).toMatch(/^vmlet: booting the guest timed out after 1 s\n/);
    expect(without.stderr).toMatch(/this disk may lack the vmlet agent.*--cloud-init/);
    const withSeed = await home.vmlet('run', '--cloud-init', ...words);
    expect(withSeed.stderr).toMatch(/the vmlet agent is installed only if the disk has cloud-init\n/);
  });
});

/** A description of a build in Debian’s format. */
async function describeBuild(path: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(path), hash);
  const upload = {
    apiVersion: 'cloud.debian.org/v1alpha1',
    kind: 'Upload',
    metadata: { annotations: { 'cloud.debian.org/digest': `sha512:${hash.digest('base64')}` } },
    data: { provider: 'cloud.debian.org', ref: `trixie/${BUILD}/${IMAGE}` },
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [upload] });
}
