import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { until } from '../../until.ts';
import { whyNoShares } from '../virtiofsd.ts';
import { type Home, makeHome } from '../named/home.ts';

// One machine is started, saved and restored several times.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

let home: Home;
beforeAll(async () => {
  home = await makeHome();
  const run = 'mkdir /www; echo hello >/www/index.html; httpd -h /www';
  const created = await home.vmlet('template', 'create', 'warm', '--run', run);
  expect(created).toMatchObject({ status: 0, stdout: 'warm\n' });
  const kept = 'mkdir /www; echo kept >/www/file';
  const plain = await home.vmlet('template', 'create', 'files', '--net', 'none', '--run', kept);
  expect(plain).toMatchObject({ status: 0, stdout: 'files\n' });
});
afterAll(async () => home.close());

async function inGuest(name: string, script: string): Promise<string> {
  const { status, stdout, stderr } = await home.vmlet('exec', name, '--', 'sh', '-c', script);
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

test('a named machine begins as a template, with its memory, and boots from then on', async () => {
  const created = await home.vmlet('create', 'web', '--template', 'warm', '-p', '80', '--disk-size', '1G');
  expect(created).toMatchObject({ status: 0, stdout: 'web\n', stderr: '' });
  // It has what it needs of the template.
  await home.vmlet('template', 'rm', 'warm');
  expect((await home.vmlet('ls', '--format', '{{.Name}} {{.State}}')).stdout).toBe('web saved\n');
  expect(await home.vmlet('start', 'web')).toMatchObject({ status: 0 });

  const [forward] = home.store.get('web').live().ports();
  const page = await fetch(`http://127.0.0.1:${forward?.hostPort ?? 0}/`);
  expect(await page.text()).toBe('hello\n');
  const { mac } = home.store.get('web').spec;
  const state = `hostname; cat /sys/class/net/eth0/address; grep -c ' /data ' /proc/mounts`;
  expect(await inGuest('web', `${state}; echo kept >/data/file`)).toBe(`web\n${mac}\n1\n`);
  // The shell on the console showed its prompt before the memory was saved.
  const console = home.start(['console', 'web'], { input: '\n' });
  await until(() => /^root@web:/m.test(console.stdout()));
  console.process.kill('SIGINT');
  await console.finished;

  // A snapshot, the saved memory and a boot find the same hardware.
  expect(await home.vmlet('snapshot', 'web', 'one')).toMatchObject({ status: 0 });
  await inGuest('web', 'rm /data/file /www/index.html');
  expect(await home.vmlet('snapshot', 'restore', 'web', 'one')).toMatchObject({ status: 0 });
  expect(await inGuest('web', 'cat /data/file /www/index.html')).toBe('kept\nhello\n');
  expect(await home.vmlet('save', 'web')).toMatchObject({ status: 0 });
  expect(await home.vmlet('start', 'web')).toMatchObject({ status: 0 });
  expect(await inGuest('web', 'cat /www/index.html')).toBe('hello\n');
  expect(await home.vmlet('restart', 'web')).toMatchObject({ status: 0 });
  expect(await inGuest('web', `${state}; cat /data/file; ls /`)).toMatch(
    new RegExp(`^web\n${mac}\n1\nkept\n(?![^]*www)`),
  );
  // As the error of --network advises.
  expect(await home.vmlet('stop', 'web')).toMatchObject({ status: 0 });
  expect(await home.vmlet('network', 'create', 'lan')).toMatchObject({ status: 0 });
  expect(await home.vmlet('network', 'connect', 'lan', 'web')).toMatchObject({ status: 0 });
  expect(await home.vmlet('start', 'web')).toMatchObject({ status: 0 });
  expect(await inGuest('web', 'cat /data/file; ip -4 addr')).toMatch(/^kept\n[^]* 10\.9\.0\./);
});

test.skipIf(whyNoShares !== undefined)(
  'a named machine begins as a template with directories, and keeps them',
  async () => {
    const [site, more] = ['site', 'more'].map((name) => join(home.path, name)) as [string, string];
    for (const path of [site, more]) mkdirSync(path);
    writeFileSync(join(site, 'page'), 'before\n');
    const words = ['-v', `${site}:/site`, '-v', `${more}:/more:ro`, '--mount', 'type=tmpfs,dst=/scratch'];
    const made = await home.vmlet('create', 'shared', '--template', 'files', '--disk-size', '1G', ...words);
    expect(made).toMatchObject({ status: 0, stdout: 'shared\n', stderr: '' });
    // virtiofsd explains what the guest's memory knows of the directory.
    writeFileSync(join(site, 'page'), 'after\n');
    expect(await home.vmlet('start', 'shared')).toMatchObject({ status: 0 });
    const state = `cat /www/file /site/page; touch /more/x 2>&1; grep -c ' /scratch tmpfs' /proc/mounts`;
    const readOnly = 'touch: /more/x: Read-only file system';
    expect(await inGuest('shared', `echo new >/site/new; echo kept >/data/kept; ${state}`)).toBe(
      `kept\nafter\n${readOnly}\n1\n`,
    );
    expect(readFileSync(join(site, 'new'), 'utf8')).toBe('new\n');
    expect(await home.vmlet('share', 'rm', 'shared', '/more')).toMatchObject({ status: 0, stderr: '' });
    expect(await home.vmlet('share', 'add', 'shared', `${more}:/again`)).toMatchObject({ stderr: '' });
    expect(await inGuest('shared', 'touch /again/x; ls /more')).toBe('');
    expect(await home.vmlet('save', 'shared')).toMatchObject({ status: 0 });
    expect(await home.vmlet('start', 'shared')).toMatchObject({ status: 0 });
    expect(await inGuest('shared', 'cat /www/file /site/new; ls /again')).toBe('kept\nnew\nx\n');
    expect(await home.vmlet('restart', 'shared')).toMatchObject({ status: 0 });
    expect(await inGuest('shared', 'cat /data/kept /site/new; ls /again; test ! -e /www')).toBe(
      'kept\nnew\nx\n',
    );
  },
);

test("mounts that a template's memory cannot have are rejected, and nothing is created", async () => {
  for (const [word, problem] of [
    ['cache:/cache', 'a volume cannot be used together with a template'],
    ['.:/src:ro,copy', 'the option copy cannot be used together with a template'],
    ['.:/data/src', 'a mount at /data/src cannot be used together with a template'],
  ] as const) {
    const { status, stderr } = await home.vmlet('create', 'm', '--template', 'files', '-v', word);
    expect([status, stderr]).toEqual([125, expect.stringContaining(problem) as string]);
  }
  expect(home.store.names()).not.toContain('m');
});

test('options that contradict the template are rejected, and nothing is created', async () => {
  for (const [words, problem] of [
    [['--image', 'debian:13'], '--image: cannot be used together with a template'],
    [['-m', '1G'], '-m: cannot be used together with a template'],
    [['--network', 'lan'], '--network: cannot be used together with a template'],
    [[], 'no such template: absent'],
  ] as const) {
    const { status, stderr } = await home.vmlet('create', 'm', '--template', 'absent', ...words);
    expect([status, stderr]).toEqual([125, expect.stringContaining(problem) as string]);
  }
  expect(home.store.names()).not.toContain('m');
});
