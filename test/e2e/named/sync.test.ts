import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { directoryIn, temporaryDirectory } from '../../directory.ts';
import { VMLET } from '../command.ts';
import { until } from '../../until.ts';
import { whyNoShares } from '../virtiofsd.ts';
import { type Home, makeHome } from './home.ts';

const top = temporaryDirectory();
let home: Home;

beforeAll(async () => {
  home = await makeHome();
  const { stderr, status } = await home.vmlet(
    'create',
    'web',
    '--image',
    'micro',
    '--net',
    'none',
    '--start',
  );
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  const program = join(top, 'inotify-log');
  execFileSync('make', [
    '-s',
    '-C',
    join(import.meta.dirname, '../../../fixtures/calls/inotify'),
    `OUT=${program}`,
  ]);
  await inGuest('mkdir -p /srv');
  await home.vmlet('cp', program, 'web:/srv/');
});
afterAll(async () => home.close());

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

async function inGuest(script: string): Promise<string> {
  const { stdout, stderr } = await home.vmlet('exec', 'web', '--', 'sh', '-c', script);
  return `${stdout}${stderr}`.trim();
}

/** Returns what a start of the machine would copy. */
async function copiesOf(machine: string): Promise<unknown> {
  const { stdout } = await home.vmlet('inspect', machine);
  return (JSON.parse(stdout) as { machines: [{ spec: { copies?: unknown } }] }).machines[0].spec.copies;
}

async function sync(root: string, target: string, ...flags: readonly string[]): Promise<string> {
  const { stdout, stderr } = await home.vmlet('sync', ...flags, root, `web:${target}`);
  return `${stdout}${stderr}`.trim();
}

describe('vmlet sync', () => {
  it('copies a tree, then only differences, and removes deleted files', async () => {
    const root = directoryIn(top, 'tree-');
    write(root, { 'a b': 'one', '-d/e/f': 'two', 'gone/x': '', 'line\nbreak': 'three', kind: 'file', ä: '' });
    symlinkSync('a b', join(root, 'link'));
    chmodSync(join(root, 'a b'), 0o750);
    utimesSync(join(root, 'a b'), 1_000_000_000, 1_000_000_000);
    expect(await sync(root, '/srv/deep/tree')).toBe('vmlet: sent 10, removed 0');
    const look = 'cd /srv/deep/tree; cat link ./-d/e/f line*; stat -c "%a %Y %u" "a b"';
    expect(await inGuest(look)).toBe('onetwothree750 1000000000 0');
    expect(await sync(root, '/srv/deep/tree')).toBe('vmlet: up to date');

    rmSync(join(root, 'gone'), { recursive: true });
    rmSync(join(root, 'kind'));
    write(root, { 'kind/now': 'directory', '-d/e/f': '2222' });
    chmodSync(join(root, 'a b'), 0o700);
    expect(await sync(root, '/srv/deep/tree')).toBe('vmlet: sent 4, removed 3');
    expect(await inGuest('cd /srv/deep/tree; cat kind/now ./-d/e/f; stat -c %a "a b"; ls -d gone')).toMatch(
      /^directory2222700\nls: gone: No such file/,
    );
  });

  it('sends the mode of a file that was copied just after it was written', async () => {
    const root = directoryIn(top, 'mode-');
    write(root, { 'run.sh': '#!/bin/sh\n' });
    await sync(root, '/srv/mode');
    chmodSync(join(root, 'run.sh'), 0o755);
    expect(await sync(root, '/srv/mode')).toBe('vmlet: sent 1, removed 0');
    expect(await inGuest('stat -c %a /srv/mode/run.sh')).toBe('755');
  });

  it('compares contents if only the time differs, and updates the time', async () => {
    const root = directoryIn(top, 'times-');
    write(root, { same: 'equal', other: 'first' });
    await sync(root, '/srv/times');
    const before = await inGuest('stat -c %i /srv/times/same');
    for (const name of ['same', 'other']) {
      if (name === 'other') writeFileSync(join(root, name), 'FIRST');
      utimesSync(join(root, name), 1_200_000_000, 1_200_000_000);
    }
    expect(await sync(root, '/srv/times')).toBe('vmlet: sent 1, removed 0');
    expect(await inGuest('cd /srv/times; stat -c "%i %Y" same; cat other')).toBe(
      `${before} 1200000000\nFIRST`,
    );
  });

  it('recognizes unchanged files in the guest, however many there are', async () => {
    const root = directoryIn(top, 'many-');
    write(
      root,
      Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`d${index % 50}/f${index}`, 'x'])),
    );
    expect(await sync(root, '/srv/many')).toBe('vmlet: sent 3050, removed 0');
    expect(await sync(root, '/srv/many')).toBe('vmlet: up to date');
  });

  it('neither copies nor removes ignored files', async () => {
    const root = directoryIn(top, 'ignored-');
    write(root, { 'package.json': '{}', 'node_modules/of-host': '', 'src/x.o': '', 'src/x.c': '' });
    writeFileSync(join(root, '.gitignore'), '*.o\n');
    await inGuest(
      'mkdir -p /srv/app/node_modules /srv/app/old/node_modules; touch /srv/app/node_modules/own /srv/app/old/node_modules/x /srv/app/old/y',
    );
    const flags = ['--ignore', 'node_modules', '--ignore-file', join(root, '.gitignore')];
    await sync(root, '/srv/app', ...flags);
    expect(await inGuest('cd /srv/app; find . -type f | sort')).toBe(
      ['./.gitignore', './node_modules/own', './old/node_modules/x', './package.json', './src/x.c'].join(
        '\n',
      ),
    );
  });

  it('sends each change while it watches, with file events in the guest, until Ctrl-C', async () => {
    const root = directoryIn(top, 'watched-');
    write(root, { 'src/a': 'one', 'src/gone': '' });
    const running = home.start(['sync', '--watch', '--ignore', '*.tmp', root, 'web:/srv/watched']);
    try {
      await until(() => running.stderr().includes('watching'));
      const watching = home.start(['exec', 'web', '--', '/srv/inotify-log', '/srv/watched/src']);
      await until(() => watching.stdout().startsWith('ready\n'));
      write(root, { 'src/a': 'two!', 'new/deep/b': 'three', 'src/x.tmp': 'no' });
      rmSync(join(root, 'src/gone'));
      const seen = await until(async () => {
        const found = await inGuest('cd /srv/watched; cat src/a new/deep/b 2>/dev/null; ls src');
        return found === 'two!threea' ? found : undefined;
      });
      expect(seen).toBe('two!threea');
      // A new directory is watched, too.
      write(root, { 'new/deep/c': 'four' });
      await until(async () => (await inGuest('cat /srv/watched/new/deep/c 2>/dev/null')) === 'four');
      await until(
        () => /^(moved-to|written) a$/m.test(watching.stdout()) && /^deleted gone$/m.test(watching.stdout()),
      );
      watching.process.kill('SIGINT');
      await watching.finished;
    } finally {
      running.process.kill('SIGINT');
    }
    const { status, stderr } = await running.finished;
    expect(status).toBe(130);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      'vmlet: sent 3, removed 0',
      `vmlet: watching ${root}; press Ctrl-C to exit`,
    ]);
  });

  it('stops watching when the guest reboots, and when the machine ends', async () => {
    const root = directoryIn(top, 'ending-');
    write(root, { a: 'one' });
    await home.vmlet('create', 'brief', '--image', 'micro', '--net', 'none', '--start');
    const watchUntil = async (...verb: readonly string[]): Promise<unknown> => {
      const running = home.start(['sync', '--watch', root, 'brief:/srv/ending']);
      try {
        await until(() => running.stderr().includes('watching'));
        await home.vmlet(...verb, 'brief');
        // Without any change on the host.
        const { status, stderr } = await running.finished;
        return { status, end: stderr.split('\n').slice(2) };
      } finally {
        running.process.kill('SIGINT');
      }
    };
    expect(await watchUntil('reset')).toEqual({
      status: 125,
      end: [
        'vmlet: the vmlet agent in machine "brief" exited, or the machine is rebooting',
        '  wait for the agent (vmlet wait brief --for agent), then run vmlet sync again',
        '',
      ],
    });
    for (const verb of ['stop', 'kill']) {
      expect(await watchUntil(verb)).toEqual({
        status: 125,
        end: [expect.stringMatching(/^vmlet: the machine has ended: .* \(machine "brief"\)$/), ''],
      });
      await home.vmlet('start', 'brief');
    }
    await home.vmlet('rm', '--force', '--storage', 'brief');
  });

  it('scans the tree when the kernel has no more watches, and says so', async () => {
    const root = directoryIn(top, 'limited-');
    write(root, { 'a/b/c/file': 'one', 'd/e/file': 'two' });
    // The limit of a user namespace, which has its own.
    const limited = 'echo 2 >/proc/sys/user/max_inotify_watches && exec "$@"';
    const sync = [process.execPath, VMLET, 'sync', '--watch', '--gitignore', root, 'web:/srv/limited'];
    const words = ['--user', '--map-root-user', 'sh', '-c', limited, 'sh', ...sync];
    const running = spawn('unshare', words, {
      env: { ...process.env, ...home.environment },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    running.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = once(running, 'exit');
    try {
      await until(() => stderr.includes('press Ctrl-C'));
      write(root, { 'a/b/c/file': 'changed', '.gitignore': '*.o', 'd/x.o': 'no' });
      await until(async () => (await inGuest('cd /srv/limited; cat a/b/c/file; ls d')) === 'changede');
    } finally {
      running.kill('SIGINT');
    }
    expect(await ended).toEqual([130, null]);
    expect(stderr.split('\n').slice(0, 4)).toEqual([
      `vmlet: too many directories to watch: vmlet scans ${root} every 2 s instead`,
      '  to watch them, raise the sysctl fs.inotify.max_user_watches or fs.inotify.max_user_instances, then run vmlet sync again',
      'vmlet: sent 7, removed 0',
      `vmlet: watching ${root}; press Ctrl-C to exit`,
    ]);
  });

  it.each([
    [['/no/such', 'web:/x'], 'no such directory: /no/such'],
    [['/etc/passwd', 'web:/x'], 'not a directory: /etc/passwd'],
    [['/etc', 'web:/'], 'root directory'],
    [['/etc', 'web://'], 'root directory'],
    [['/etc', 'web:/.'], 'root directory'],
    [['/etc', 'web:/proc/sys'], "belongs to the guest's kernel"],
    [['/etc', 'web:x'], 'expected an absolute path'],
    [['/etc', '/x'], 'expected NAME:/PATH'],
    [['--ignore-file', '/no/such', '/etc', 'web:/x'], '--ignore-file: no such file or directory: /no/such'],
    [['/etc', 'none:/x'], 'no such machine: none'],
  ])('rejects %j', async (words, problem) => {
    const { stderr, status } = await home.vmlet('sync', ...words);
    expect(stderr).toContain(problem);
    expect(status).toBe(125);
  });
});

describe('a copy of a directory in a named machine', () => {
  it('is there for the command of run --detach, and for the starts of a clone', async () => {
    const root = directoryIn(top, 'copied-');
    write(root, { 'a b/c': 'one\n' });
    const script = 'cat "/s/a b/c"; stat -c %u "/s/a b/c"; echo guest >"/s/a b/c"; echo done';
    const run = await home.vmlet(
      ...['run', '-d', '--name', 'job', '--net', 'none', '-u', '1000', '-v', `${root}:/s:ro,copy`],
      ...['micro', '--', 'sh', '-c', script],
    );
    expect(run).toMatchObject({ status: 0, stdout: 'job\n', stderr: '' });
    expect(await home.vmlet('wait', 'job')).toMatchObject({ status: 0, stderr: '' });
    expect((await home.vmlet('logs', 'job')).stdout).toBe('one\n1000\ndone\n');
    expect(readFileSync(join(root, 'a b/c'), 'utf8')).toBe('one\n');

    await home.vmlet('clone', 'job', 'twin');
    const copies = [{ source: root, target: '/s', ids: { kind: 'squash', uid: 1000, gid: 1000 } }];
    expect([await copiesOf('job'), await copiesOf('twin')]).toEqual([copies, copies]);
    const byHand = (await home.vmlet('start', '--dry-run', 'twin')).stdout;
    expect(byHand).toContain(`# Not included: copying "${root}" to "/s" in the guest.\n`);
    expect((await home.vmlet('start', '--paused', 'twin')).stderr).toContain(
      `machine "twin" cannot start paused, because its guest gets a copy of ${root} at the start`,
    );
    rmSync(root, { recursive: true });
    expect((await home.vmlet('start', 'twin')).stderr).toContain(`/s: no such directory: ${root}`);
  });

  it('that cannot be made ends the start', async () => {
    const volume = `${directoryIn(top, 'copied-')}:/etc/passwd/x:ro,copy`;
    const made = await home.vmlet(
      ...['create', 'bad', '--image', 'micro', '--net', 'none', '-v', volume, '--start'],
    );
    expect(made.stderr).toContain('bad was created, but not started');
    expect(made.stderr).toContain('mkdir -p -- /etc/passwd');
    expect(made.status).not.toBe(0);
    expect((await home.vmlet('ls')).stdout).toMatch(/bad +stopped/);
  });

  it('needs a guest that is known to have the agent', async () => {
    const volume = `${top}:/s:ro,copy`;
    const { stderr, status } = await home.vmlet(
      'create',
      'empty',
      '--iso',
      import.meta.filename,
      '-v',
      volume,
    );
    expect(stderr).toContain('machine "empty" may have no vmlet-agent, which the option copy requires');
    expect(status).toBe(125);
  });
});

describe.skipIf(whyNoShares !== undefined)('vmlet sync around a shared directory', () => {
  it('keeps the files of the share, and does not replace it', async () => {
    const [root, shared] = [directoryIn(top, 'around-'), directoryIn(top, 'shared-')];
    write(root, { a: 'one' });
    write(shared, { 'of-host': '', 'inner/x': '' });
    const mount = `type=bind,src=${shared},dst=/srv/app/data/share`;
    await home.vmlet('create', 'sharing', '--image', 'micro', '--net', 'none', '--mount', mount, '--start');
    const found = async (): Promise<string> => {
      const { stdout } = await home.vmlet('exec', 'sharing', '--', 'ls', '/srv/app', '/srv/app/data/share');
      return stdout;
    };
    expect(await found()).toContain('of-host');
    const syncAround = async () => home.vmlet('sync', root, 'sharing:/srv/app');
    expect((await syncAround()).status).toBe(0);
    expect(await found()).toBe('/srv/app:\na\ndata\n\n/srv/app/data/share:\ninner\nof-host\n');

    write(root, { data: 'a file of the host' });
    const { stderr, status } = await syncAround();
    expect(stderr).toContain(
      'cannot replace ./data with a file: the directory is a mount point, or contains one',
    );
    expect(status).not.toBe(0);
    expect(readdirSync(shared).sort()).toEqual(['inner', 'of-host']);
    expect(readFileSync(join(shared, 'inner/x'), 'utf8')).toBe('');
  });
});
