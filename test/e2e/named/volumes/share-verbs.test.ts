import { appendFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ListedShare } from '../../../../src/machines/index.ts';
import { until } from '../../../until.ts';
import { whyNoShares } from '../../virtiofsd.ts';
import { type Home, makeHome } from '../home.ts';

// A test starts its machine up to three times.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

describe.skipIf(whyNoShares !== undefined)('vmlet share', () => {
  let home: Home;
  const directories: Record<string, string> = {};
  const at = (name: string): string => directories[name]!;

  beforeAll(async () => {
    home = await makeHome();
    for (const name of ['site', 'more', 'third', 'copied']) {
      directories[name] = join(home.path, name);
      mkdirSync(at(name));
      writeFileSync(join(at(name), 'name'), `${name}\n`);
    }
    const made = await home.vmlet('create', 'web', '--image', 'micro', '--net', 'none');
    expect(made.stderr).toBe('');
  });
  afterAll(async () => home.close());

  async function inGuest(script: string): Promise<string> {
    const { stdout, stderr } = await home.exec('web', 'sh', '-c', script);
    return `${stdout}${stderr}`.trim();
  }
  const add = async (...words: string[]) => home.vmlet('share', 'add', 'web', ...words);
  const remove = async (...words: string[]) => home.vmlet('share', 'rm', 'web', ...words);

  async function listed(): Promise<Record<string, boolean>> {
    const { stdout } = await home.vmlet('share', 'ls', 'web', '--json');
    const { shares } = JSON.parse(stdout) as { shares: ListedShare[] };
    return Object.fromEntries(shares.map(({ target, live }) => [target, live]));
  }

  function daemons(): number[] {
    return home
      .processes()
      .filter(({ commandLine }) => commandLine.includes('--shared-dir='))
      .map(({ pid }) => pid);
  }

  it('gives a running machine its first directory at its next start', async () => {
    expect((await home.vmlet('start', 'web')).stderr).toBe('');
    expect(await add(`${at('site')}:/site`)).toMatchObject({
      status: 0,
      stdout: '/site\n',
      stderr: expect.stringContaining('at /site takes effect at the next start of machine "web"') as string,
    });
    expect(await listed()).toEqual({ '/site': false });
    const { status, stderr } = await home.vmlet('save', 'web');
    expect(stderr).toContain('cannot be saved: its mount at /site has changed since the start');
    expect(status).not.toBe(0);
    expect((await home.vmlet('share', 'ls', 'web')).stdout).toMatch(/\/site +bind +rw +next start/);
    expect((await home.vmlet('restart', 'web')).stderr).toBe('');
    expect(await listed()).toEqual({ '/site': true });
    expect(await inGuest('cat /site/name')).toBe('site');
  });

  it('gives it more at once, read-only ones too, also after a reboot of the guest', async () => {
    expect(await add(`${at('more')}:/srv/a more:ro`)).toMatchObject({ status: 0, stderr: '' });
    expect(await inGuest('cat "/srv/a more/name"; touch "/srv/a more/x"; touch /site/new')).toBe(
      'more\ntouch: /srv/a more/x: Read-only file system',
    );
    expect(readdirSync(at('site'))).toContain('new');
    appendFileSync(join(at('more'), 'name'), 'and more\n');
    expect(await inGuest('cat "/srv/a more/name"')).toBe('more\nand more');
    expect((await home.vmlet('reset', 'web')).status).toBe(0);
    // By the command: in its first milliseconds the agent of before the reset may still answer.
    const again = await home.vmlet('exec', 'web', '--', 'cat', '/site/name', '/srv/a more/name');
    expect(again).toMatchObject({ stdout: 'site\nmore\nand more\n', stderr: '' });
    expect(daemons()).toHaveLength(2);
  });

  it('takes one away, whose virtiofsd ends, and gives another one to the same place', async () => {
    expect(await remove('/srv/a more')).toMatchObject({ status: 0, stdout: '/srv/a more\n', stderr: '' });
    await until(() => daemons().length === 1);
    expect(await inGuest('ls "/srv/a more"')).toBe('');
    for (let round = 0; round < 3; round++) {
      expect(await add(`type=bind,src=${at('third')},dst=/more`)).toMatchObject({ status: 0, stderr: '' });
      expect(await inGuest('cat /more/name')).toBe('third');
      if (round < 2) expect((await remove('/more')).status).toBe(0);
    }
    expect(await listed()).toEqual({ '/site': true, '/more': true });
  });

  it('keeps one that a program of the guest uses, and says so', async () => {
    await home.vmlet('exec', '--detach', 'web', '--', 'sh', '-c', 'cd /more; exec sleep 1000');
    await inGuest('until ls -l /proc/*/cwd 2>/dev/null | grep -q "> /more"; do :; done');
    const { status, stderr } = await remove('/more');
    expect(stderr).toMatch(/the guest cannot unmount \/more: .*busy/);
    expect(status).not.toBe(0);
    expect(await inGuest('cat /more/name; kill $(pidof sleep)')).toBe('third');
    expect(await listed()).toEqual({ '/site': true, '/more': true });
  });

  it('refuses what cannot be, and changes nothing', async () => {
    for (const [words, problem] of [
      [[`${at('site')}:/more`], 'two mounts have the same path in the guest: /more'],
      [[`${at('site')}/none:/n`], `no such directory: ${at('site')}/none`],
      [[`${at('site')}:/n:copy`], `copy the files back when you want them: vmlet cp web:/n/. ${at('site')}`],
      [[`${at('site')}:/site/name`], 'cannot mount /site/name: a part of the path is not a directory'],
    ] as const) {
      const { status, stderr } = await add(...words);
      expect(stderr).toContain(problem);
      expect(status).not.toBe(0);
    }
    expect((await remove('/nowhere')).stderr).toContain(
      'machine "web" has no directory, volume or tmpfs at /nowhere',
    );
    await home.vmlet('pause', 'web');
    expect((await add(`${at('site')}:/n`)).stderr).toContain(
      'is paused, so its guest cannot mount or unmount directories',
    );
    await home.vmlet('resume', 'web');
    expect(await listed()).toEqual({ '/site': true, '/more': true });
    await until(() => daemons().length === 2);
  });

  it('is part of snapshots, of saved memory and of the next start', async () => {
    const marker = async (): Promise<string> => inGuest('cat /run/marker /more/name');
    expect(await inGuest('echo then >/run/marker')).toBe('');
    expect((await home.vmlet('snapshot', 'web', 'both')).status).toBe(0);
    expect(await inGuest('echo later >/run/marker')).toBe('');
    expect(await marker()).toBe('later\nthird');
    expect(await home.vmlet('snapshot', 'restore', 'web', 'both')).toMatchObject({
      status: 0,
      stderr: 'vmlet: machine "web" is running\n',
    });
    expect(await marker()).toBe('then\nthird');
    expect((await home.vmlet('save', 'web')).stderr).toBe('');
    expect((await add(`${at('site')}:/n`)).stderr).toContain(
      'has saved memory, so its mounts cannot be changed',
    );
    expect((await home.vmlet('start', 'web')).stderr).toBe('');
    expect(await inGuest('cat /site/name /more/name')).toBe('site\nthird');
    expect((await remove('/site')).status).toBe(0);
    const { stderr } = await home.vmlet('snapshot', 'restore', 'web', 'both');
    expect(stderr).toContain(
      'was share0 at /site in share0-port, share1 at /more in share1-port, is now share1 at /more in share1-port',
    );
    expect(stderr).toContain('give the machine the directories and volumes that it had then');
    expect((await add(`${at('copied')}:/data/c:ro,copy`)).stderr).toContain('takes effect at the next start');
    expect(await listed()).toEqual({ '/more': true, '/data/c': false });
    expect((await home.vmlet('restart', 'web')).stderr).toBe('');
    expect(await inGuest('cat /more/name; test -e /site/name || echo gone')).toBe('third\ngone');
  });

  it('copies a directory at each start that boots, and removes nothing', async () => {
    const name = join(at('copied'), 'name');
    expect((await home.vmlet('share', 'ls', 'web')).stdout).toMatch(/\/data\/c +bind +ro,copy +copied/);
    expect(await inGuest('cd /data/c; cat name; echo guest >name; echo own >own')).toBe('copied');
    expect(readFileSync(name, 'utf8')).toBe('copied\n');
    expect(readdirSync(at('copied'))).toEqual(['name']);
    writeFileSync(name, 'again\n');
    expect((await home.vmlet('save', 'web')).stderr).toBe('');
    expect((await home.vmlet('start', 'web')).stderr).toBe('');
    expect(await inGuest('cat /data/c/*')).toBe('guest\nown');
    expect((await home.vmlet('restart', 'web')).stderr).toBe('');
    expect(await inGuest('cat /data/c/*')).toBe('again\nown');
    expect(await remove('/data/c')).toMatchObject({ status: 0, stdout: '/data/c\n', stderr: '' });
    expect(await listed()).toEqual({ '/more': true });
    expect(await inGuest('cat /data/c/*')).toBe('again\nown');
  });

  it('stores volumes and tmpfs for the next start', async () => {
    expect((await add('cache:/cache')).stderr).toContain('takes effect at the next start');
    expect((await add('type=tmpfs,dst=/scratch')).stderr).toContain('takes effect at the next start');
    expect((await home.vmlet('restart', 'web')).stderr).toBe('');
    expect(await inGuest('touch /cache/kept /scratch/x; cat /more/name')).toBe('third');
    expect((await remove('/scratch')).stderr).toContain(
      '/scratch stays mounted in the guest until machine "web" stops',
    );
    expect((await home.vmlet('save', 'web')).stderr).toContain('the machine mounts volume "cache"');
    expect((await remove('/cache')).stderr).toContain(
      '/cache stays mounted in the guest until machine "web" stops',
    );
    expect(await inGuest('touch /cache/still && echo there')).toBe('there');
    expect((await home.vmlet('share', 'ls', 'web')).stdout).toMatch(
      /\/cache +volume +rw +until it stops +cache/,
    );
    const { stderr: kept } = await home.vmlet('volume', 'rm', 'cache');
    expect(kept).toContain('machine "web"');
    expect(kept).toContain('stop the machine first: vmlet stop web\n');
    expect((await home.vmlet('volume', 'prune')).stdout).toBe('');
    for (const words of [
      ['save', 'web'],
      ['snapshot', 'create', 'web', 'volume'],
    ]) {
      const { status, stderr } = await home.vmlet(...words);
      expect(stderr).toContain('the machine mounts volume "cache"');
      expect(status).not.toBe(0);
    }
    expect((await home.vmlet('stop', 'web')).status).toBe(0);
    expect(await add(`${at('site')}:/site`)).toMatchObject({ status: 0, stderr: '' });
    expect(await listed()).toEqual({ '/more': false, '/site': false });
    expect((await home.vmlet('volume', 'rm', 'cache')).status).toBe(0);
    expect((await home.vmlet('start', 'web')).stderr).toBe('');
    expect(await inGuest('cat /more/name /site/name; test -e /scratch/x || echo gone')).toBe(
      'third\nsite\ngone',
    );
  });

  it('says what a guest cannot mount, runs no command beside it, and mounts it when it can', async () => {
    const LATER = '/srv/longer, so mounted later';
    // micro has this file at each boot.
    expect(await inGuest('rm /etc/shells')).toBe('');
    expect(await add(`${at('third')}:/etc/shells`)).toMatchObject({ status: 0, stderr: '' });
    expect(await add(`type=bind,src=${at('more')},"dst=${LATER}"`)).toMatchObject({ status: 0, stderr: '' });
    const why = 'a part of the path is not a directory (ENOTDIR)';
    const refused = {
      status: 125,
      stdout: '',
      stderr: expect.stringContaining(`vmlet: cannot mount /etc/shells: ${why}`) as string,
    };
    const reboot = async (): Promise<void> => {
      expect((await home.vmlet('reset', 'web')).status).toBe(0);
      expect(await home.vmlet('exec', 'web', '--', 'touch', '/run/ran')).toMatchObject(refused);
    };
    await reboot();
    expect(await home.vmlet('wait', 'web', '--for', 'agent')).toMatchObject(refused);
    expect(await home.vmlet('cp', join(at('more'), 'name'), 'web:/run/ran')).toMatchObject(refused);
    expect(await home.vmlet('shell', 'web')).toMatchObject(refused);
    expect((await home.vmlet('ls')).stdout).toContain(`cannot mount /etc/shells: ${why}`);
    expect((await home.vmlet('inspect', 'web')).stdout).toContain(`cannot mount /etc/shells: ${why}`);
    expect((await home.vmlet('share', 'ls', 'web')).stdout).toContain(`not mounted: ${why}`);
    expect(await listed()).toEqual({ '/more': true, '/site': true, '/etc/shells': false, [LATER]: true });
    const look = await home.vmlet('ssh', 'web', '--', `cat '${LATER}/name'; ls /run/ran; rm /etc/shells`);
    expect(look.stdout).toBe('more\nand more\n');
    expect(look.stderr).toContain('cannot mount /etc/shells');
    expect(look.stderr).toContain('/run/ran: No such file or directory');
    expect(await inGuest('cat /etc/shells/name')).toBe('third');
    expect(await listed()).toMatchObject({ '/etc/shells': true });
    expect((await home.vmlet('ls')).stdout).not.toContain('cannot mount');

    await reboot();
    expect(await remove('/etc/shells')).toMatchObject({ status: 0, stderr: '' });
    expect((await home.vmlet('ls')).stdout).not.toContain('cannot mount');
    expect(await inGuest('cat /etc/shells; ls /run/ran')).toMatch(/^\/bin\/sh\n.*\nls: .*No such file/);
    expect((await remove(LATER)).status).toBe(0);
    expect(await listed()).toEqual({ '/more': true, '/site': true });
  });

  it('has no file that says what to run where QEMU may write', async () => {
    const { stdout } = await home.vmlet('inspect', 'web');
    const { machines } = JSON.parse(stdout) as {
      machines: [{ plan: { directory: { sockets: string; storage: string } } }];
    };
    const { sockets, storage } = machines[0].plan.directory;
    const names = [sockets, storage].flatMap((directory) => readdirSync(directory));
    expect(names.filter((name) => !/\.(sock|qcow2)$/.test(name) && name !== 'store')).toEqual([]);
  });

  it('ends the machine when the virtiofsd of an added directory is killed', async () => {
    const before = daemons();
    expect((await add(`${at('third')}:/late`)).status).toBe(0);
    const [pid] = daemons().filter((one) => !before.includes(one));
    expect(pid).toBeGreaterThan(1);
    process.kill(pid!, 'SIGKILL');
    await until(async () =>
      (await home.vmlet('ls')).stdout.includes(
        'virtiofsd, which serves /late in the guest, was killed by SIGKILL',
      ),
    );
    expect(daemons()).toEqual([]);
    expect((await home.vmlet('start', 'web')).stderr).toBe('');
    expect(await inGuest('cat /late/name')).toBe('third');
    expect(readFileSync(join(at('third'), 'name'), 'utf8')).toBe('third\n');
  });
});
