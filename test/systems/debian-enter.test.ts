import { appendFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { needsRecovery } from '../../src/machine/volume/volume.ts';
import { run } from '../../src/process/run.ts';
import { findProgram } from '../../src/process/program.ts';
import { DEBIAN_GUEST_TIMEOUT_MS, debianGuest, whyNoDebianGuest } from '../debian-guest.ts';
import { VMLET, start } from '../e2e/command.ts';
import { until } from '../until.ts';
import { type Home, makeHome } from '../e2e/named/home.ts';
import { whyNoShares } from '../e2e/virtiofsd.ts';

const BOOT_MS = 600_000;
const LOOPBACK = /^(127\.0\.0\.1|::1) /;

const missing = whyNoDebianGuest() ?? (findProgram('ssh') === undefined ? 'ssh is not installed' : undefined);
if (missing !== undefined) console.warn(`skipped: ${missing}`);
else if (whyNoShares !== undefined) console.warn(`skipped in part: ${whyNoShares}`);

/** These tests depend on their order: one machine boots for all of them. */
describe.skipIf(missing !== undefined)('a Debian guest', () => {
  let home: Home;
  let userConfig = '';
  let site = '';

  beforeAll(async () => {
    const { path, format } = await debianGuest();
    home = await makeHome();
    userConfig = join(home.path, '.ssh', 'config');
    mkdirSync(join(home.path, '.ssh'), { mode: 0o700 });
    writeFileSync(userConfig, 'Host *\n  BatchMode yes\n', { mode: 0o640 });
    site = join(home.path, 'site');
    mkdirSync(site);
    writeFileSync(join(site, 'file'), 'one\n');
    // One vCPU: with two, one occasionally waits half a minute for the other under TCG.
    const hardware = [
      '-m',
      '512M',
      '--cpus',
      '1',
      '--display',
      'none',
      '-p',
      '80',
      '-p',
      '22',
      '--network',
      'lan',
    ];
    expect(await home.vmlet('network', 'create', 'lan')).toMatchObject({ status: 0 });
    const shares = [
      ...['-v', `${site}:/srv/site`, '-v', `${site}:/tmp/site:ro`, '-v', 'db:/srv/db'],
      ...['--mount', 'type=tmpfs,dst=/srv/scratch,tmpfs-size=4m'],
    ];
    const created = await home.vmlet(
      'create',
      'deb',
      '--image',
      `${path},format=${format}`,
      ...hardware,
      ...(whyNoShares === undefined ? shares : []),
      '--start',
    );
    expect(created).toMatchObject({ status: 0 });
  }, DEBIAN_GUEST_TIMEOUT_MS);
  afterAll(async () => home.close());

  async function plainSsh(...args: [string, ...string[]]) {
    return run(['ssh', '-F', userConfig, ...args], { acceptedExitCodes: [0, 7, 255] });
  }

  function sshConfig(name: string): string {
    return readFileSync(join(home.store.get(name).files.ssh, 'config'), 'utf8');
  }

  /** Returns the address from which the guest's server sees plain ssh come: its own loopback for the agent. */
  async function clientAddress(name: string, ...options: string[]): Promise<string> {
    const config = join(home.store.get(name).files.ssh, 'config');
    const words = ['-o', 'BatchMode=yes', ...options, `${name}.vmlet`, 'echo $SSH_CONNECTION'];
    return (await run(['ssh', '-F', config, ...words], { timeoutMs: BOOT_MS })).stdout.toString();
  }

  async function inGuest(name: string, script: string): Promise<string> {
    const { status, stdout, stderr } = await home.vmlet('exec', name, 'sh', '-c', script);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }

  /** Returns what a script prints on stdout and then on stderr, whether it succeeds or not. */
  async function printedIn(name: string, script: string): Promise<string> {
    const { stdout, stderr } = await home.vmlet('exec', name, 'sh', '-c', script);
    return `${stdout}${stderr}`.trim();
  }

  test(
    'can be entered by vmlet ssh as soon as it answers, without a question',
    async () => {
      const entered = await home.vmlet('ssh', '--timeout', '10m', 'deb', '--', 'hostname; exit 7');
      expect(entered).toMatchObject({ status: 7, stdout: 'debian\n' });
      expect(entered.stderr).toMatch(/^(vmlet: .*waiting for ssh .*…\n)?$/);
      expect(await home.vmlet('ssh', 'deb', 'echo', '-n', 'a  b')).toMatchObject({
        status: 0,
        stdout: 'a b',
      });
      const again = await home.vmlet('wait', 'deb', '--for', 'ssh', '--for', 'agent', '--for', 'port=22');
      expect(again).toMatchObject({ status: 0 });
    },
    BOOT_MS,
  );

  test('has the host keys that ssh expects, and no other key is accepted', async () => {
    const known = readFileSync(join(home.store.get('deb').files.ssh, 'known_hosts'), 'utf8');
    const [type, key] = (await inGuest('deb', 'cat /etc/ssh/ssh_host_ed25519_key.pub')).split(' ');
    expect(known).toContain(`deb.vmlet ${type} ${key}`);
    expect(sshConfig('deb')).toContain('StrictHostKeyChecking yes');
  });

  test('is known to plain ssh and scp with the Include line, which can be added and removed', async () => {
    const before = readFileSync(userConfig, 'utf8');
    const { stdout: line } = await home.vmlet('ssh-config', '--print');
    expect((await home.vmlet('ssh-config')).stdout).toBe(`added to ${userConfig}: ${line}`);
    expect((await home.vmlet('ssh-config')).stdout).toMatch(/^already in /);
    expect(readFileSync(userConfig, 'utf8')).toBe(`${line}\n${before}`);

    expect(await plainSsh('deb.vmlet', 'exit 7')).toMatchObject({ exitCode: 7, stderr: '' });
    // Its name in a private network.
    const member = await plainSsh('deb.lan', 'getent hosts deb.lan; exit 7');
    expect(member).toMatchObject({ exitCode: 7, stderr: '' });
    expect(member.stdout.toString()).toMatch(/^10\.9\.0\.\d+ +deb deb\.lan$/m);
    const file = join(home.path, 'file');
    writeFileSync(file, 'by scp');
    await run(['scp', '-q', '-F', userConfig, file, 'deb.vmlet:/tmp/file']);
    expect(await inGuest('deb', 'cat /tmp/file')).toBe('by scp');

    expect((await home.vmlet('ssh-config', '--remove')).stdout).toBe(`removed from ${userConfig}: ${line}`);
    expect(readFileSync(userConfig, 'utf8')).toBe(before);
    expect((await plainSsh('deb.vmlet', 'true')).exitCode).toBe(255);
  });

  test('gives no advice about keys if the login succeeded', async () => {
    expect(await home.vmlet('ssh', 'deb', 'exit 255')).toMatchObject({ status: 255, stderr: '' });
    const ended = home.start(['ssh', 'deb', 'echo up; sleep 1000']);
    await until(() => ended.stdout() === 'up\n');
    ended.process.kill('SIGTERM');
    const { status, stderr } = await ended.finished;
    expect(status).toBe(143);
    expect(stderr).not.toContain('vmlet:');
  });

  test('accepts the key again after its files were restored', async () => {
    await inGuest('deb', 'rm /root/.ssh/authorized_keys');
    // In its own session: on a terminal, ssh would ask for a password now.
    const refused = await run(['setsid', '--wait', process.execPath, VMLET, 'ssh', 'deb', 'true'], {
      environment: definedIn(home.environment),
      acceptedExitCodes: [255],
    });
    expect(refused.stderr).toContain('vmlet ssh --provision deb');
    expect(await home.vmlet('ssh', '--provision', 'deb', 'true')).toMatchObject({ status: 0 });
  });

  test('reports an unknown user', async () => {
    await home.vmlet('set', 'deb', '--ssh-user', 'nobody-here');
    const result = await home.vmlet('ssh', 'deb', 'true');
    expect(result).toMatchObject({ status: 125 });
    expect(result.stderr).toContain('no such user in the guest: nobody-here');
    await home.vmlet('set', 'deb', '--ssh-user', 'root');
  });

  test('keeps links to directories, and modes of directories, when a tree is copied into /', async () => {
    const overlay = join(home.path, 'overlay');
    for (const path of ['lib/vmlet', 'tmp']) mkdirSync(join(overlay, path), { recursive: true });
    writeFileSync(join(overlay, 'lib/vmlet/new'), 'new');
    expect(await home.vmlet('cp', `${overlay}/.`, 'deb:/')).toMatchObject({ status: 0, stderr: '' });
    const script = 'readlink /lib; stat -c "%a %U" /tmp; cat /usr/lib/vmlet/new';
    expect(await home.vmlet('exec', 'deb', 'sh', '-c', script)).toMatchObject({
      status: 0,
      stdout: 'usr/lib\n1777 root\nnew',
    });
  });

  test('can be entered through QEMU’s agent if vmlet’s does not run', async () => {
    const gone = await home.vmlet('exec', 'deb', 'systemctl', 'stop', 'vmlet-agent');
    expect(gone).toMatchObject({ status: 125 });
    expect(gone.stderr).toContain('agent in machine "deb" exited');
    expect(await home.vmlet('ip', 'deb')).toMatchObject({
      stdout: expect.stringMatching(/^10\.0\.2\.15\n/) as string,
      stderr: 'vmlet: deb: addresses reported by QEMU’s guest agent\n',
    });
    const script = 'cat; echo "$A" >&2; pwd; exit 9';
    const words = ['exec', '-e', 'A=b c', '-w', '/tmp', 'deb', 'sh', '-c', script];
    const { finished } = start(words, { env: home.environment, input: 'in\n' });
    expect(await finished).toMatchObject({ status: 9, stdout: 'in\n/tmp\n', stderr: 'b c\n' });
    expect((await home.vmlet('exec', '-t', 'deb', 'sh')).stderr).toContain(
      "QEMU's agent, which does not support --tty",
    );

    const file = join(home.path, 'file');
    expect(await home.vmlet('cp', file, 'deb:/root/copied')).toMatchObject({ status: 0 });
    expect(await home.vmlet('cp', 'deb:/root/copied', join(home.path, 'back'))).toMatchObject({ status: 0 });
    expect(readFileSync(join(home.path, 'back'), 'utf8')).toBe('by scp');
    expect((await home.vmlet('cp', 'deb:/nowhere', file)).stderr).toContain('No such file');
    // The configuration is still the one with the agent's way.
    expect(sshConfig('deb')).toContain('ProxyCommand');
    expect(await clientAddress('deb')).not.toMatch(LOOPBACK);
    expect(await home.vmlet('ssh', '--provision', 'deb', 'true')).toMatchObject({ status: 0 });
    expect(sshConfig('deb')).not.toContain('ProxyCommand');
    await home.vmlet('exec', 'deb', 'systemctl', 'start', 'vmlet-agent');
    await until(async () => {
      expect(await home.vmlet('ssh', '--provision', 'deb', 'true')).toMatchObject({ status: 0 });
      return sshConfig('deb').includes('ProxyCommand');
    });
  });

  test.skipIf(whyNoShares !== undefined)('has its directories without a line in fstab', async () => {
    expect(await printedIn('deb', 'cat /srv/site/file; touch /tmp/site/x')).toMatch(
      /^one\n.*Read-only file system$/,
    );
    expect(await printedIn('deb', 'grep -c virtiofs /etc/fstab')).toBe('0');
    expect(
      await printedIn('deb', 'chown -R 33:33 /srv/site; echo guest >/srv/site/new; stat -c %u /srv/site'),
    ).toBe('0');
    expect(readFileSync(join(site, 'new'), 'utf8')).toBe('guest\n');
    appendFileSync(join(site, 'file'), 'two\n');
    expect(await printedIn('deb', 'cat /srv/site/file')).toBe('one\ntwo');
  });

  test.skipIf(whyNoShares !== undefined)('has its volume and its tmpfs', async () => {
    expect(
      await printedIn('deb', 'echo kept >/srv/db/file; findmnt -no FSTYPE,SIZE /srv/db; ls /srv/db'),
    ).toMatch(/^ext4 +9\.\d+G\nfile$/);
    expect(await printedIn('deb', 'findmnt -no FSTYPE,SIZE /srv/scratch')).toMatch(/^tmpfs +4M$/);
  });

  test.skipIf(whyNoShares !== undefined)('is given a directory while it runs', async () => {
    const more = join(home.path, 'more');
    mkdirSync(more);
    writeFileSync(join(more, 'page'), 'more\n');
    const added = await home.vmlet('share', 'add', 'deb', `${more}:/srv/more`);
    expect(added).toMatchObject({ status: 0, stdout: '/srv/more\n', stderr: '' });
    expect(
      await printedIn('deb', 'findmnt -no FSTYPE /srv/more; cat /srv/more/page; touch /srv/more/new'),
    ).toBe('virtiofs\nmore');
    expect(readdirSync(more).sort()).toEqual(['new', 'page']);
  });

  test.skipIf(whyNoShares !== undefined)(
    'has them again after its reboot',
    async () => {
      const before = await printedIn('deb', 'cat /proc/sys/kernel/random/boot_id');
      await home.vmlet('exec', 'deb', 'sh', '-c', 'systemctl --no-block reboot');
      const after = await until(async () => {
        const id = await printedIn('deb', 'cat /proc/sys/kernel/random/boot_id');
        return /^[0-9a-f-]{36}$/.test(id) && id !== before ? id : undefined;
      });
      expect(after).not.toBe(before);
      expect(await printedIn('deb', 'cat /srv/site/file /tmp/site/new /srv/db/file')).toBe(
        'one\ntwo\nguest\nkept',
      );
      expect(await printedIn('deb', 'findmnt -no FSTYPE /srv/scratch')).toBe('tmpfs');
      expect(await printedIn('deb', 'cat /srv/more/page')).toBe('more');
    },
    BOOT_MS,
  );

  test('gets a tree of the host by sync, and its changes', async () => {
    const tree = join(home.path, 'tree');
    mkdirSync(join(tree, 'deep'), { recursive: true });
    writeFileSync(join(tree, 'deep', 'file'), 'one\n');
    writeFileSync(join(tree, 'gone'), 'x\n');
    expect(await home.vmlet('sync', tree, 'deb:/root/tree')).toMatchObject({ status: 0 });
    expect(await inGuest('deb', 'cd /root/tree && touch own && find . -type f | sort')).toBe(
      './deep/file\n./gone\n./own\n',
    );
    rmSync(join(tree, 'gone'));
    appendFileSync(join(tree, 'deep', 'file'), 'two\n');
    expect(await home.vmlet('sync', tree, 'deb:/root/tree')).toMatchObject({ status: 0 });
    expect(await inGuest('deb', 'cd /root/tree && cat deep/file && find . -type f | sort')).toBe(
      'one\ntwo\n./deep/file\n',
    );
  });

  test.skipIf(whyNoShares !== undefined)('loses a directory while it runs, unless it uses it', async () => {
    const { stdout } = await home.vmlet('exec', '--detach', '-w', '/srv/more', 'deb', 'sleep', '1000');
    const pid = stdout.trim();
    const kept = await home.vmlet('share', 'rm', 'deb', '/srv/more');
    expect(kept.stderr).toMatch(/the guest cannot unmount \/srv\/more: .*busy/);
    expect(kept.status).toBe(125);
    expect(
      await printedIn('deb', `cat /srv/more/page; kill ${pid}; while [ -e /proc/${pid} ]; do :; done`),
    ).toBe('more');
    const removed = await home.vmlet('share', 'rm', 'deb', '/srv/more');
    expect(removed).toMatchObject({ status: 0, stdout: '/srv/more\n', stderr: '' });
    expect(await printedIn('deb', 'findmnt /srv/more || ls -A /srv/more; cat /srv/site/new')).toBe('guest');
    const { stdout: listed } = await home.vmlet('share', 'ls', 'deb');
    expect(listed).not.toContain('/srv/more');
    expect(listed.match(/\bmounted\b/g)).toHaveLength(4);
  });

  test(
    'powers off, also just after a boot',
    async () => {
      expect(await home.vmlet('stop', 'deb', '--timeout', '5m')).toMatchObject({ status: 0 });
    },
    BOOT_MS,
  );

  test.skipIf(whyNoShares !== undefined)(
    'has left its volume clean, and loses a part of what it shares',
    async () => {
      expect(needsRecovery({ path: join(home.path, 'data/vmlet/volumes/db/disk.raw') })).toBe(false);
      const options = ['--fresh', '--net', 'none', '-v', 'db:/db:ro'];
      const read = await home.vmlet('run', ...options, 'micro', '--', 'cat', '/db/file');
      expect(read.stdout).toBe('kept\n');
      for (const mountPoint of ['/tmp/site', '/srv/db', '/srv/scratch'])
        expect(await home.vmlet('share', 'rm', 'deb', mountPoint)).toMatchObject({ status: 0 });
    },
  );

  test(
    'shares no identity with its clone, and both run',
    async () => {
      const identity = 'cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub; hostname; cat /etc/hostname';
      expect(await home.vmlet('clone', 'deb', 'copy', '--linked')).toMatchObject({ status: 0 });

      const late = await home.vmlet('start', 'copy', '--identity-timeout', '1s');
      expect(late).toMatchObject({ status: 0 });
      expect(late.stderr).toContain('may still have the machine id, ssh host keys and host name');
      expect(home.store.get('copy').spec.guestIdentity).toBe('copied');
      await home.store.get('copy').waitFor({ agent: true }, { timeoutMs: BOOT_MS });
      const copied = await inGuest('copy', identity);
      expect(await home.vmlet('restart', 'copy')).toMatchObject({ status: 0 });
      if (home.store.get('copy').spec.guestIdentity === 'copied') {
        // A guest that took longer than a minute to boot.
        await home.vmlet('stop', 'copy');
        await home.vmlet('start', 'copy', '--identity-timeout', '10m');
      }
      expect(home.store.get('copy').spec).toMatchObject({
        guestIdentity: 'own',
        identityRenewedAt: expect.any(String) as string,
      });

      expect(await home.vmlet('start', 'deb')).toMatchObject({ status: 0 });
      await home.store.get('deb').waitFor({ agent: true, ssh: true }, { timeoutMs: BOOT_MS });
      // Nothing but the start has written the configuration.
      expect(await clientAddress('deb')).toMatch(LOOPBACK);
      expect(await clientAddress('deb', '-o', 'ProxyCommand=none')).not.toMatch(LOOPBACK);
      const origin = (await inGuest('deb', identity)).split('\n');
      expect(copied.split('\n')).toEqual(origin);
      const own = (await inGuest('copy', identity)).split('\n');
      expect(own.slice(2)).toEqual(['copy', 'copy', '']);
      expect(own[0]).toMatch(/^[0-9a-f]{32}$/);
      expect(own[0]).not.toBe(origin[0]);
      expect(own[1]).not.toBe(origin[1]);
      if (whyNoShares === undefined) expect(await inGuest('copy', 'cat /srv/site/file')).toBe('one\ntwo\n');
      for (const name of ['deb', 'copy']) {
        const entered = await home.vmlet('ssh', '--timeout', '10m', name, 'hostname');
        expect(entered).toMatchObject({ status: 0 });
        expect(entered.stderr).toMatch(/^(vmlet: .*…\n)?$/);
      }
    },
    2 * BOOT_MS,
  );

  test.skipIf(whyNoShares !== undefined)(
    'has the current contents of its directory after a snapshot was restored, and after it was saved',
    async () => {
      // Open while the memory is saved.
      await printedIn('deb', 'exec sleep 1000 </srv/site/new >/dev/null 2>&1 &');
      expect(await home.vmlet('snapshot', 'create', 'deb', 'clean')).toMatchObject({ status: 0 });
      appendFileSync(join(site, 'file'), 'three\n');
      expect(await home.vmlet('snapshot', 'restore', 'deb', 'clean')).toMatchObject({ status: 0 });
      expect(await printedIn('deb', 'cat /srv/site/file')).toBe('one\ntwo\nthree');
      expect(await home.vmlet('save', 'deb')).toMatchObject({ status: 0 });
      writeFileSync(join(site, 'file'), 'after\n');
      expect(await home.vmlet('start', 'deb')).toMatchObject({ status: 0 });
      expect(await printedIn('deb', 'cat /srv/site/file; echo guest >/srv/site/last')).toBe('after');
      expect(readFileSync(join(site, 'last'), 'utf8')).toBe('guest\n');
    },
    BOOT_MS,
  );
});

function definedIn(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
