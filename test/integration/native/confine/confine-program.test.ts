import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, constants, copyFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { until } from '../../../until.ts';
import { ALL_NAMESPACES, Attempts, isRoot, type User, USERS } from '../../../../fixtures/confine/attempts.ts';
import { identifyProcess, isAlive } from '../../../../src/process/procfs/identity.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { directoryIn, temporaryDirectory } from '../../../directory.ts';

const [FSIZE, CORE, NPROC, NOFILE] = [1, 4, 6, 7];

const directory = temporaryDirectory();
const attempts = new Attempts(directory);
const myself: User = { name: 'myself' };

const PROGRAM = ['--', '/bin/true'];

describe('the command line', () => {
  it.each([
    { words: [], says: 'missing -- PROGRAM' },
    { words: ['--'], says: 'missing -- PROGRAM' },
    { words: ['--', 'true'], says: 'true: path of the program must be absolute' },
    { words: ['--no-such', ...PROGRAM], says: '--no-such: no such option' },
    { words: ['--parent'], says: '--parent: a value is required' },
    { words: ['--symlink', 'x'], says: '--symlink: two values are required' },
    { words: ['--landlock', 'execute'], says: '--landlock: two values are required' },
    ...['', '-1', '+1', ' 1', '1 ', '0x1', '2147483648', '99999999999999999999'].map((pid) => ({
      words: ['--parent', pid, ...PROGRAM],
      says: `--parent ${pid}: expected a process ID`,
    })),
    { words: ['--descriptors', '-1', ...PROGRAM], says: '--descriptors -1: expected a number' },
    ...['core', 'core=', 'core=-1', 'core=1k', 'core=18446744073709551615', 'cor=1', 'cores=1', '=1'].map(
      (limit) => ({
        words: ['--limit', limit, ...PROGRAM],
        says: `--limit ${limit}: `,
      }),
    ),
    { words: ['--unshare', 'mount,pid', ...PROGRAM], says: '--unshare: unknown value "pid"' },
    { words: ['--unshare', 'mount,', ...PROGRAM], says: '--unshare: unknown value ""' },
    { words: ['--seccomp', 'bas', ...PROGRAM], says: '--seccomp: unknown value "bas"' },
    { words: ['--landlock', 'read', '/', ...PROGRAM], says: '--landlock: unknown value "read"' },
    {
      words: ['--landlock', 'execute', 'etc', ...PROGRAM],
      says: '--landlock etc: path must be absolute',
    },
    ...['', '/', 'etc', '/etc/', '//etc', '/etc//x', '/.', '/etc/./x', '/etc/../x', '/..'].map((path) => ({
      words: ['--unshare', 'mount', '--bind', path, ...PROGRAM],
      says: `${path}: path must be absolute`,
    })),
    { words: ['--bind', '/etc', ...PROGRAM], says: '/etc: requires --unshare mount' },
    { words: ['--bind', '/etc', '--unshare', 'net', ...PROGRAM], says: '/etc: requires --unshare mount' },
    ...[['--seccomp', 'base'], ['--unshare', 'net'], ['--landlock-scope']].map((option) => ({
      words: ['--may-gain-privileges', ...option, ...PROGRAM],
      says: '--may-gain-privileges: cannot be used together with',
    })),
    {
      words: ['--landlock', 'execute', '/no/such', ...PROGRAM],
      says: '--landlock /no/such: No such file or directory',
    },
    { words: ['--landlock', 'execute', '/no\nsuch', ...PROGRAM], says: '--landlock /no?such: ' },
    { words: ['probe', 'x'], says: 'probe: no such option' },
  ])('$words exits with 125 and one line with the reason', ({ words, says }) => {
    const { status, lines, stderr } = attempts.run([attempts.confine, ...words], myself);
    expect({ status, lines }).toEqual({ status: 125, lines: [''] });
    expect(stderr.startsWith(`vmlet-confine: ${says}`), stderr).toBe(true);
    expect(stderr.split('\n')).toHaveLength(2);
  });

  it('exits like a shell if the program cannot be started', () => {
    const file = join(directory, 'not-a-program');
    writeFileSync(file, 'x', { mode: 0o755 });
    const status = (program: string) => attempts.run([attempts.confine, '--', program], myself).status;
    expect([status('/no/such'), status(file), status('/etc')]).toEqual([127, 126, 126]);
  });
});

describe.each(USERS)('as $name', (as) => {
  const found = attempts.probe(as);
  const writable = directoryIn(directory, 'writable-');
  if (as.uid !== undefined) chownSync(writable, as.uid, as.uid);
  const namespaces = found.net === true ? ALL_NAMESPACES : [];
  const ask = (options: readonly string[], words: readonly string[]) => attempts.ask(options, words, as);
  const end = (options: readonly string[], words: readonly string[]) =>
    attempts.run(attempts.command(options, words), as);
  it('becomes the program: same process, same descriptors, same environment, its exit status', async () => {
    const child = attempts.start(attempts.command(namespaces, ['pid', 'wait']), as);
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    expect(Number(line)).toBe(child.pid);
    child.stdin.end();
    await once(child, 'exit');

    expect(ask([], ['descriptors', 'environment', 'cwd'])).toEqual({
      descriptors: '0 1 2',
      environment: 'VMLET=test',
      cwd: '/',
    });
    expect(end([], ['exit=0']).status).toBe(0);
    expect(end([], ['exit=77']).status).toBe(77);
    expect(end([], ['die=15'])).toMatchObject({ status: null, signal: 'SIGTERM' });
  });

  it('copies a program into memory if its file system is noexec', () => {
    const readable = join(directory, 'no-x');
    copyFileSync(attempts.program, readable);
    chmodSync(readable, 0o444);
    const ended = (options: string[]) =>
      attempts.run([attempts.confine, ...options, '--', readable, 'exit=7'], as);
    expect(ended([]).status).toBe(126);
    expect(ended(['--in-memory']).status).toBe(7);
    expect(ended(['--in-memory', '--seccomp', 'processes'])).toMatchObject({ status: 126 });
    const missing = attempts.run([attempts.confine, '--in-memory', '--', '/no/such'], as);
    expect(missing).toMatchObject({
      status: 127,
      stderr: 'vmlet-confine: /no/such: No such file or directory\n',
    });
  });

  it('blocks new privileges, unless told otherwise', () => {
    expect(ask([], ['privileges'])['privileges']).toContain('no_new_privs=1 death=0');
    expect(ask(['--may-gain-privileges'], ['privileges'])['privileges']).toContain('no_new_privs=0');
  });

  it('closes the descriptors that were not named', () => {
    const inherited = ['/bin/sh', '-c', 'exec 3</ 5</etc/passwd 9</; exec "$@"', 'sh'];
    const left = (...options: string[]) =>
      attempts.run([...inherited, ...attempts.command(options, ['descriptors'])], as).lines;
    expect(left()).toEqual(['0 1 2 3 5 9']);
    expect(left('--descriptors', '4')).toEqual(['0 1 2 3']);
    expect(left('--descriptors', '3', ...namespaces)).toEqual(['0 1 2']);
  });

  it('makes inherited sockets block only on request, since others may use them too', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const flags = async (...options: string[]): Promise<number> => {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const command = [...options, '--descriptors', '4', '--', '/bin/cat', '/proc/self/fdinfo/3'];
      const child = spawn(attempts.confine, command, { stdio: ['ignore', 'pipe', 'inherit', socket] });
      const printed = await text(child.stdout as Readable);
      socket.destroy();
      return parseInt(/^flags:\s+(\d+)$/m.exec(printed)?.[1] ?? '', 8);
    };
    try {
      expect((await flags()) & constants.O_NONBLOCK).toBe(constants.O_NONBLOCK);
      expect((await flags('--blocking-descriptors')) & constants.O_NONBLOCK).toBe(0);
    } finally {
      server.close();
    }
  });

  describe('limits', () => {
    it('rejects a longer file without killing the program', () => {
      const path = join(writable, 'long');
      const words = [`write-size=4097,${path}`, `write-size=4096,${path}`];
      expect(Object.values(ask(['--limit', 'fsize=4096'], words))).toEqual(['EFBIG', 'ok']);
      expect(Object.values(ask([], words))).toEqual(['ok', 'ok']);
    });

    it('limits descriptors and processes, and switches dumps off', () => {
      const options = [
        '--limit',
        'nofile=9',
        '--limit',
        'core=0',
        '--limit',
        'nproc=0',
        '--limit',
        'fsize=0',
      ];
      const words = ['open-many=7', `limit=${CORE}`, `limit=${NPROC}`, `limit=${FSIZE}`];
      const [many, core, nproc, fsize] = Object.values(ask(options, words));
      expect([many, core, nproc, fsize]).toEqual(['EMFILE', '1 1', '0 0', '0 0']);
      expect(Object.values(ask(['--limit', 'nofile=20'], ['open-many=7']))).toEqual(['ok']);
      // The limit does not apply to root.
      if (as.uid !== undefined) expect(ask(['--limit', 'nproc=0'], ['fork'])).toEqual({ fork: 'EAGAIN' });
    });

    it('uses the smaller of the given and the present hard limit', () => {
      const within = (limits: string, asked: string, resource: number) => {
        const command = attempts.command(['--limit', asked], [`limit=${resource}`]);
        const { lines, stderr } = attempts.run(
          ['/bin/sh', '-c', `${limits}; exec "$@"`, 'sh', ...command],
          as,
        );
        return lines.join() + stderr;
      };
      expect(within('ulimit -n 64', 'nofile=65', NOFILE)).toBe('64 64');
      expect(within('ulimit -n 64', 'nofile=63', NOFILE)).toBe('63 63');
      expect(within('ulimit -f 8', 'fsize=8192', FSIZE)).toBe('4096 4096');
      const nproc = `${attempts.confine} --limit nproc=5 -- /bin/sh -c`;
      expect(within(`set -- ${nproc} 'exec "$@"' sh "$@"`, 'nproc=6', NPROC)).toBe('5 5');
      expect(within('ulimit -c 9', 'core=99999', CORE)).toBe('4608 4608');
    });

    // test/e2e/hosts/dump-handler.test.ts shows how root can raise the limit, and how the kernel reacts.
    it('keeps a hard limit of 0 for core dumps, and memory out of them, if it cannot be raised', () => {
      const shows = ['/bin/sh', '-c', 'ulimit -Sc; ulimit -Hc; cat /proc/self/coredump_filter'];
      const bare = as.uid === undefined && isRoot ? ['setpriv', '--bounding-set=-sys_resource'] : [];
      const command = [...bare, attempts.confine, '--limit', 'core=0', '--', ...shows];
      const ended = attempts.run(['/bin/sh', '-c', 'ulimit -Hc 0; exec "$@"', 'sh', ...command], as);
      expect(ended).toMatchObject({ status: 0, lines: ['0', '0', '00000000'], stderr: '' });
    });
  });

  describe('the parent', () => {
    it('ends the program when it is killed, in any namespaces', async () => {
      await using scope = new Scope();
      const command = attempts.command(['--parent', '0', ...namespaces], ['privileges', 'wait']);
      const launcher = attempts.start(
        ['/bin/sh', '-c', 'exec 3<&0; "$@" <&3 & echo "pid $!"; wait', 'sh', ...command],
        as,
      );
      scope.defer(() => void launcher.kill('SIGKILL'));
      const said: string[] = [];
      createInterface(launcher.stdout).on('line', (line) => said.push(line));
      await until(() => said.length === 2, { awaited: 'the program has started' });
      const program = identifyProcess(Number(said.find((line) => line.startsWith('pid '))?.slice(4)))!;
      expect(said.join(' ')).toContain('death=9');
      expect(isAlive(program)).toBe(true);
      launcher.kill('SIGKILL');
      await until(() => !isAlive(program), { awaited: 'the program is gone' });
    });

    it('must be the named one', () => {
      expect(end(['--parent', String(process.pid)], ['pid']).status).toBe(0);
      expect(end(['--parent', '0'], ['pid']).status).toBe(0);
      const orphan = end(['--parent', '1', ...namespaces], ['pid']);
      expect(orphan).toMatchObject({ status: 125, lines: [''] });
      expect(orphan.stderr).toBe('vmlet-confine: parent process 1 has exited\n');
    });
  });

  describe('the probe', () => {
    it('detects the supported features', () => {
      expect(Object.keys(found)).toEqual(['landlock', 'seccomp', 'user', 'mount', 'net', 'ipc', 'uts']);
      expect(found.landlock.abi > 0 ? found.landlock.reason : found.landlock.abi).toBe(
        found.landlock.abi > 0 ? undefined : 0,
      );
    });

    it('explains missing features', () => {
      const unshare = as.name === 'root' ? 'mount' : 'user';
      expect(attempts.probe(as, [attempts.confine, '--seccomp', 'base', '--'])).toMatchObject({
        seccomp: true,
        user: 'user namespace: Operation not permitted',
        mount: `${unshare} namespace: Operation not permitted`,
      });
      // If no more processes are allowed, nothing can be tested.
      const none = attempts.run(
        [attempts.confine, '--limit', 'nproc=0', '--', attempts.confine, 'probe'],
        as,
      );
      if (as.uid !== undefined) {
        expect(none).toMatchObject({
          status: 125,
          stderr: 'vmlet-confine: probe: Resource temporarily unavailable\n',
        });
      }
    });
  });
});
