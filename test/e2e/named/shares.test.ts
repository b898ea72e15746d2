import { execFile } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MachineStateError } from '../../../src/errors/index.ts';
import { locate } from '../../../src/machine/paths/locations.ts';
import { readDefinition } from '../../../src/machines/record/definition.ts';
import { readPlan, replacePlan } from '../../../src/machines/record/machine-plan-file.ts';
import { directoryIn } from '../../directory.ts';
import { VMLET, start } from '../command.ts';
import { until } from '../../until.ts';
import { failingVirtiofsd, whyNoShares } from '../virtiofsd.ts';
import { type Home, makeHome } from './home.ts';

describe.skipIf(whyNoShares !== undefined)('a named machine with shared directories', () => {
  let home: Home;
  let site = '';
  let docs = '';

  beforeAll(async () => {
    home = await makeHome();
    [site, docs] = [join(home.path, 'site: 1'), join(home.path, 'docs')];
    for (const path of [site, docs]) mkdirSync(path);
    writeFileSync(join(site, 'index'), 'one\n');
    writeFileSync(join(docs, 'page'), 'a page\n');
    const mount = `type=bind,src=${site},dst=/srv/site`;
    const made = await home.vmlet(
      'create',
      'web',
      '--image',
      'micro',
      '--net',
      'none',
      '--mount',
      mount,
      '-v',
      `${docs}:/docs:ro`,
    );
    expect(made.stderr).toBe('');
    expect((await home.vmlet('start', 'web')).stderr).toBe('');
  });
  afterAll(async () => home.close());

  async function inGuest(script: string, machine = 'web'): Promise<string> {
    const { stdout, stderr } = await home.vmlet('exec', machine, '--', 'sh', '-c', script);
    return `${stdout}${stderr}`.trim();
  }

  function daemons(): number[] {
    return home
      .processes()
      .filter(({ commandLine }) => commandLine.includes('--shared-dir='))
      .map(({ pid }) => pid);
  }

  /** Pid 0 would be the tests themselves. */
  function kill(pid: number | undefined): void {
    if (pid === undefined) throw new Error('there is no such process');
    process.kill(pid, 'SIGKILL');
  }

  it('has its directories, current at each command, and no path of its socket', async () => {
    expect(await inGuest('cat /srv/site/index /docs/page; echo guest >/srv/site/new; touch /docs/x')).toBe(
      'one\na page\ntouch: /docs/x: Read-only file system',
    );
    expect(readFileSync(join(site, 'new'), 'utf8')).toBe('guest\n');
    appendFileSync(join(site, 'index'), 'two\n');
    expect(await inGuest('cat /srv/site/index')).toBe('one\ntwo');
    const { stdout } = await home.vmlet('inspect', 'web');
    const { machines } = JSON.parse(stdout) as {
      machines: [{ plan: { shares: object[]; directory: { sockets: string } } }];
    };
    const { plan } = machines[0];
    expect(plan.shares).toMatchObject([
      { source: docs, target: '/docs', readOnly: true, layers: { gaps: [] } },
      { source: site, target: '/srv/site', readOnly: false },
    ]);
    expect(readdirSync(plan.directory.sockets).filter((name) => /^share[01]\.sock$/.test(name))).toEqual([]);
  });

  it('copies out the current contents of a file', async () => {
    const path = join(site, 'growing');
    const copy = join(home.path, 'copy of it');
    const machine = home.store.get('web').live();
    let text = 'one\n';
    writeFileSync(path, text);
    for (let round = 0; round < 18; round++) {
      await machine.copyOut('/srv/site/growing', copy);
      text += `and ${round}\n`;
      writeFileSync(path, text);
      await machine.copyOut('/srv/site/growing', copy);
      expect(readFileSync(copy, 'utf8')).toBe(text);
    }
    appendFileSync(path, 'the last\n');
    expect((await home.vmlet('cp', 'web:/srv/site/growing', copy)).stderr).toBe('');
    expect(readFileSync(copy, 'utf8')).toBe(`${text}the last\n`);
  });

  it('has them again after the guest reboots, before the first command', async () => {
    expect((await home.vmlet('reset', 'web')).status).toBe(0);
    expect(await inGuest('cut -d. -f1 /proc/uptime; head -n 1 /srv/site/index')).toMatch(/^\d\d?\none$/);
    expect(daemons()).toHaveLength(2);
  });

  it('is restored from a snapshot, even if a file that it had open is gone', async () => {
    writeFileSync(join(site, 'passing'), 'x\n');
    expect(await inGuest('cat /srv/site/passing')).toBe('x');
    expect((await home.vmlet('snapshot', 'web', 'clean')).status).toBe(0);
    rmSync(join(site, 'passing'));
    appendFileSync(join(site, 'index'), 'three\n');
    expect((await home.vmlet('snapshot', 'restore', 'web', 'clean')).status).toBe(0);
    expect(await inGuest('cat /srv/site/index; cat /srv/site/passing')).toMatch(
      /^one\ntwo\nthree\ncat: .*passing.*No such file/,
    );
  });

  it('is not saved with a virtiofsd that cannot hand over its state', async () => {
    const { files } = readDefinition(locate(home.environment, home.path, process.getuid?.() ?? 0), 'web');
    const plan = readPlan(files);
    const shares = plan.shares.map((share) => ({
      ...share,
      virtiofsd: { ...share.virtiofsd, migrates: false },
    }));
    replacePlan(files, { ...plan, shares });
    const why = 'is too old to save its state';
    const [save, snapshot] = [
      await home.vmlet('save', 'web'),
      await home.vmlet('snapshot', 'create', 'web', 'x'),
    ];
    expect(save.stderr).toContain(why);
    expect(save.stderr).toContain(
      'stop the machine instead: vmlet stop web; to save memory, upgrade virtiofsd',
    );
    expect(snapshot.stderr).toContain(why);
    expect(snapshot.stderr).toContain('vmlet snapshot create web x --disks-only; to save memory, upgrade');
    expect([save.status, snapshot.status]).not.toContain(0);
    replacePlan(files, plan);
    expect(await inGuest('head -n 1 /srv/site/index')).toBe('one');
  });

  it('can be saved and resumed', async () => {
    expect((await home.vmlet('save', 'web')).stderr).toBe('');
    expect(daemons()).toEqual([]);
    expect((await home.vmlet('start', 'web')).stderr).toBe('');
    expect(await inGuest('head -n 1 /srv/site/index; touch /srv/site/later')).toBe('one');
    expect(readdirSync(site)).toContain('later');
  });

  it('keeps them when it is renamed or cloned', async () => {
    expect((await home.vmlet('stop', 'web')).status).toBe(0);
    expect(daemons()).toEqual([]);
    await home.vmlet('clone', 'web', 'copy');
    await home.vmlet('rename', 'web', 'site');
    for (const name of ['copy', 'site']) {
      expect((await home.vmlet('start', name)).stderr).toBe('');
      expect(await inGuest('head -n 1 /srv/site/index', name)).toBe('one');
    }
    await home.vmlet('rm', '--force', '--storage', 'copy');
    expect(await inGuest('cat /docs/page', 'site')).toBe('a page');
  });

  it.each([
    ['stop', ['--timeout', '10s']],
    ['kill', []],
  ])('is ended by %s while its virtiofsd hangs', async (verb, flags) => {
    for (const pid of daemons()) process.kill(pid, 'SIGSTOP');
    const hanging = home.start(['exec', 'site', '--', 'cat', '/docs/page']);
    const limits = { signal: AbortSignal.timeout(3000) };
    const copying = home.store.get('site').live().copyOut('/docs/page', join(home.path, 'page'), limits);
    await expect(copying).rejects.toThrow('aborted due to timeout');
    expect((await home.vmlet(verb, ...flags, 'site')).status).toBe(0);
    expect(daemons()).toEqual([]);
    expect((await hanging.finished).status).toBe(125);
    expect((await home.vmlet('start', 'site')).stderr).toBe('');
    expect(await inGuest('cat /docs/page', 'site')).toBe('a page');
  });

  it('can be stopped right after the end of its virtiofsd', async () => {
    kill(daemons()[0]);
    const stopIt = async () => home.store.get('site').live().stop();
    const [stop] = await Promise.allSettled([stopIt()]);
    // It may have ended first.
    if (stop.status === 'rejected') expect(stop.reason).toBeInstanceOf(MachineStateError);
    expect(daemons()).toEqual([]);
    expect((await home.vmlet('ls')).stdout).toMatch(/site +stopped/);
    expect((await home.vmlet('start', 'site')).stderr).toBe('');
  });

  it('ends with its virtiofsd, and reports the reason', async () => {
    kill(daemons()[0]);
    const listed = await until(async () => {
      const { stdout } = await home.vmlet('ls', '--json');
      return stdout.includes('share-lost') ? stdout : undefined;
    });
    expect(listed).toMatch(/"target": ?"\/(srv\/site|docs)"/);
    const { stdout } = await home.vmlet('ls');
    expect(stdout).toMatch(
      /site +stopped .* virtiofsd, which serves \/(srv\/site|docs) in the guest, was killed by SIGKILL/,
    );
    expect(daemons()).toEqual([]);
    expect((await home.vmlet('start', 'site')).status).toBe(0);
  });

  it('does not start with a virtiofsd that ends at once, and the error has its last words', async () => {
    await home.vmlet('stop', 'site');
    const programs = directoryIn(home.path, 'programs-');
    const env = { ...home.environment, PATH: failingVirtiofsd(programs) };
    const { status, stderr } = await start(['start', 'site'], { env }).finished;
    expect(stderr).toMatch(
      /^vmlet: machine "site" did not start: virtiofsd, which serves \/(srv\/site|docs) in the guest, exited with status 1: cannot serve: out of ink\n/,
    );
    expect(status).toBe(125);
    expect((await home.vmlet('start', 'site')).stderr).toBe('');
  });

  it('has them for the command of run --detach, and their loss explains a missing status', async () => {
    const earlier = daemons();
    const script = 'stat -c %u /s/index; cp /s/index /s/by-command; exec sleep 1000';
    const run = await home.vmlet(
      ...[
        'run',
        '-d',
        '--name',
        'job',
        '--net',
        'none',
        '-u',
        '1000',
        '--mount',
        `type=bind,src=${site},dst=/s`,
      ],
      ...['micro', '--', 'sh', '-c', script],
    );
    expect(run).toMatchObject({ status: 0, stdout: 'job\n', stderr: '' });
    await until(() => existsSync(join(site, 'by-command')));
    const pid = daemons().find((one) => !earlier.includes(one));
    kill(pid);
    const { status, stdout, stderr } = await home.vmlet('wait', 'job');
    expect([status, stdout]).toEqual([125, '125\n']);
    expect(stderr).toContain('virtiofsd, which serves /s in the guest, was killed by SIGKILL');
    expect((await home.vmlet('logs', 'job')).stdout).toBe('1000\n');
    expect((await home.vmlet('rm', '--storage', 'job')).status).toBe(0);
  });

  it('says that a user of run --detach with a name gets no directory', async () => {
    const words = ['run', '-d', '--name', 'named', '--net', 'none', '-u', 'nobody'];
    const run = await home.vmlet(
      ...words,
      '--mount',
      `type=bind,src=${docs},dst=/s`,
      'micro',
      '--',
      'ls',
      '/s',
    );
    expect(run).toMatchObject({ status: 0, stdout: 'named\n' });
    expect(run.stderr).toContain(
      `the files of type=bind,src=${docs},dst=/s belong to root in the guest, and user nobody may be unable to write there`,
    );
    expect((await home.vmlet('wait', 'named')).status).toBe(0);
    expect((await home.vmlet('rm', '--storage', 'named')).status).toBe(0);
  });

  it('leaves no virtiofsd behind when its keeper is killed', async () => {
    const keeper = home.processes().find(({ program }) => program === 'vmlet-keeper');
    kill(keeper?.pid);
    await until(() => daemons().length === 0);
    expect((await home.vmlet('start', 'site')).status).toBe(0);
    expect(await inGuest('cat /docs/page', 'site')).toBe('a page');
  });

  it('can be in a directory that the guest has as a symbolic link', async () => {
    const words = ['--image', 'micro', '--net', 'none', '-v', `${docs}:/var/run/docs`, '--start'];
    expect(await home.vmlet('create', 'linked', ...words)).toMatchObject({ status: 0, stderr: '' });
    for (const time of ['first', 'second'])
      expect(await inGuest('grep -c " /run/docs virtiofs " /proc/mounts', 'linked'), time).toBe('1');
    expect((await home.vmlet('share', 'ls', 'linked')).stdout).toMatch(/^\/var\/run\/docs .*\bmounted\b/m);
    await home.vmlet('rm', '--force', '--storage', 'linked');
  });

  it.skipIf(process.getuid?.() !== 0)(
    'are current in a file system that the host has below one',
    async () => {
      const below = directoryIn(home.path, 'below-');
      // In a mount namespace of its own, with the virtiofsd.
      const script = `
      set -eu
      vmlet() { ${process.execPath} ${VMLET} "$@"; }
      mount -t tmpfs none "$1"
      echo one >"$1/file"
      trap 'vmlet rm --force --storage below' EXIT
      vmlet create below --image micro --net none -v "$(dirname "$1"):/s" --start
      # What the guest has cached is current for a second.
      for round in 1 2 3 4 5 6; do
        vmlet exec below cat "/s/$(basename "$1")/file" | cmp - "$1/file"
        echo more >>"$1/file"
        vmlet exec below cat "/s/$(basename "$1")/file" | cmp - "$1/file"
      done`;
      const words = ['--mount', 'sh', '-c', script, 'sh', below];
      const { stdout } = await promisify(execFile)('unshare', words, { env: home.environment });
      expect(stdout).toBe('below\nbelow\n');
    },
  );

  it('serves as many files to a command as the limit on open files permits', async () => {
    const many = directoryIn(home.path, 'many-');
    for (let number = 0; number < 2000; number++) writeFileSync(join(many, `file-${number}`), '');
    const create = ['create', 'limited', '--image', 'micro', '--net', 'none', '-v', `${many}:/m`, '--start'];
    const limited = ['-c', 'ulimit -n 1024 && exec "$@"', 'sh', process.execPath, VMLET, ...create];
    await promisify(execFile)('sh', limited, { env: home.environment });
    // The shell opens them itself: a program for each takes half a minute without KVM.
    const script = 'for number in $(seq 0 1999); do : </m/file-$number; done';
    for (const time of ['first', 'second'])
      expect(await inGuest(script, 'limited'), time).toMatch(/^sh: .*Too many open files in system$/);
    expect(await inGuest('cat /m/file-1999 && echo read', 'limited')).toBe('read');
    await home.vmlet('rm', '--force', '--storage', 'limited');
  });

  it('does not start if micro cannot mount one, and ls says so until the next start', async () => {
    const words = ['--image', 'micro', '--net', 'none', '-v', `${docs}:/etc/passwd`];
    const problem = 'cannot mount /etc/passwd: a part of the path is not a directory (ENOTDIR)';
    const made = await home.vmlet('create', 'refused', ...words, '--start');
    expect(made.stderr).toContain(`vmlet: ${problem}\n`);
    expect(made.stderr).toContain(
      'to start machine "refused" without /etc/passwd: vmlet share rm refused /etc/passwd',
    );
    expect(made.status).not.toBe(0);
    expect((await home.vmlet('ls')).stdout).toContain(`its start failed: ${problem}`);
    expect((await home.vmlet('inspect', 'refused')).stdout).toContain(`its start failed: ${problem}`);
    expect((await home.vmlet('share', 'rm', 'refused', '/etc/passwd')).status).toBe(0);
    expect((await home.vmlet('start', 'refused')).stderr).toBe('');
    const killed = /refused +stopped .* QEMU was killed by SIGKILL/;
    await home.vmlet('kill', 'refused');
    expect((await home.vmlet('ls')).stdout).toMatch(killed);
    // Its start does not fail by itself.
    const starting = home.start(['start', 'refused']);
    await until(async () => (await home.vmlet('ls', '--running', '-q')).stdout.includes('refused\n'));
    await home.vmlet('kill', 'refused');
    expect((await starting.finished).status).toBe(125);
    expect((await home.vmlet('ls')).stdout).toMatch(killed);
    const interrupted = home.start(['start', 'refused']);
    await until(async () => (await home.vmlet('ls', '--running', '-q')).stdout.includes('refused\n'));
    interrupted.process.kill('SIGINT');
    expect((await interrupted.finished).status).toBe(130);
    expect((await home.vmlet('ls')).stdout).toContain('its start failed: it was interrupted');
    await home.vmlet('rm', '--storage', 'refused');
  });

  it('removes the machine of run -d that cannot mount one, and gives no advice on it', async () => {
    const words = ['--name', 'gone', '--net', 'none', '-v', `${docs}:/etc/passwd`, 'micro', 'true'];
    const { status, stderr } = await home.vmlet('run', '-d', ...words);
    expect([status, stderr]).toEqual([125, expect.stringContaining('vmlet: cannot mount /etc/passwd: ')]);
    expect(stderr).not.toContain('share rm');
    expect((await home.vmlet('ls', '--all', '-q')).stdout).not.toContain('gone');
  });

  it('is not stopped by a restart if a directory is missing', async () => {
    const elsewhere = join(home.path, 'moved');
    renameSync(docs, elsewhere);
    const { status, stderr } = await home.vmlet('restart', 'site');
    expect(stderr).toContain(`/docs: no such directory: ${docs}`);
    expect(stderr).toContain('without /docs: vmlet share rm site /docs');
    expect(status).not.toBe(0);
    renameSync(elsewhere, docs);
    expect(await inGuest('cat /docs/page', 'site')).toBe('a page');
  });

  it('does not start if a directory is missing, and names it', async () => {
    await home.vmlet('stop', 'site');
    rmSync(docs, { recursive: true });
    const { status, stderr } = await home.vmlet('start', 'site');
    expect(stderr).toContain(`/docs: no such directory: ${docs}`);
    expect(status).not.toBe(0);
  });
});
