import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { ALL_NAMESPACES, Attempts, lacks, USERS } from '../../../../fixtures/confine/attempts.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';

const [DAC_OVERRIDE, NET_BIND_SERVICE] = [1, 10];

const directory = temporaryDirectory();
const attempts = new Attempts(directory);

describe.each(USERS)('as $name', (as) => {
  // Logged once, where the users are chosen.
  const itAsRoot = it.runIf(as.name === 'root');
  const found = attempts.probe(as);
  const own = join(directory, `own of ${as.name}`);
  const given = join(directory, `given of ${as.name}`);
  const ask = (options: readonly string[], words: readonly string[]) => attempts.ask(options, words, as);
  const end = (options: readonly string[], words: readonly string[]) =>
    attempts.run(attempts.command(options, words), as);

  for (const path of [own, given]) {
    mkdirSync(path);
    mkdirSync(join(path, 'inner'));
    writeFileSync(join(path, 'file'), 'x', { mode: 0o666 });
    writeFileSync(join(path, 'inner/file'), 'x', { mode: 0o666 });
    for (const each of ['.', 'inner', 'file', 'inner/file']) {
      if (as.uid !== undefined) chownSync(join(path, each), as.uid, as.uid);
    }
    for (const each of ['.', 'inner']) chmodSync(join(path, each), 0o755);
  }
  chmodSync(own, 0o755);

  describe('namespaces', () => {
    const words = ['mnt', 'net', 'ipc', 'uts', 'user', 'pid'].map((name) => `readlink=/proc/self/ns/${name}`);

    it.skipIf(lacks('namespaces', found.net)).each([
      { list: 'mount', own: ['mnt'] },
      { list: 'net', own: ['net'] },
      { list: 'ipc', own: ['ipc'] },
      { list: 'uts', own: ['uts'] },
      { list: 'mount,net,ipc,uts', own: ['mnt', 'net', 'ipc', 'uts'] },
    ])('$list: these and no others', ({ list, own: expected }) => {
      const [outside, inside] = [ask([], words), ask(['--unshare', list], words)];
      const different = words
        .filter((word) => outside[word] !== inside[word])
        .map((word) => word.split('/').at(-1));
      // An ordinary user gets the others inside a user namespace.
      expect(different).toEqual(as.name === 'root' ? expected : [...expected, 'user']);
    });

    it.skipIf(lacks('network namespace', found.net))('its own network has no interfaces', async () => {
      await using scope = new Scope();
      const server = createServer().listen(0, '127.0.0.1');
      scope.defer(() => void server.close());
      await once(server, 'listening');
      const connect = `tcp-connect=${(server.address() as AddressInfo).port}`;
      expect(ask([], [connect])).toEqual({ [connect]: 'ok' });
      expect(ask(['--unshare', 'net'], [connect])).toEqual({ [connect]: 'ENETUNREACH' });
    });

    it.skipIf(lacks('namespaces', found.net))('keeps only the capabilities that root needs', () => {
      const held = (...numbers: number[]) => {
        const mask = numbers.reduce((sum, number) => sum + 2 ** number, 0).toString(16);
        const none = as.name === 'root' ? mask : '0';
        return `effective=${none} permitted=${none} inheritable=0 bounding=${mask}`;
      };
      const capabilities = (list: string) => ask(['--unshare', list], ['capabilities'])['capabilities'];
      expect(capabilities('mount,net,ipc,uts')).toBe(held(DAC_OVERRIDE));
      expect(capabilities('mount')).toBe(held(DAC_OVERRIDE, NET_BIND_SERVICE));
      expect(ask(ALL_NAMESPACES, ['privileges'])['privileges']).toContain(
        `user=${as.uid ?? process.getuid?.()} group=${as.gid ?? process.getgid?.()}`,
      );
    });

    itAsRoot('keeps no inheritable capabilities', () => {
      const inheriting = ['setpriv', '--inh-caps', '+net_raw,+sys_admin'];
      const { lines } = attempts.run(
        [...inheriting, ...attempts.command(ALL_NAMESPACES, ['capabilities'])],
        as,
      );
      expect(lines).toEqual(['effective=2 permitted=2 inheritable=0 bounding=2']);
    });

    itAsRoot('keeps the named capabilities, and no others', () => {
      const kept = ask([...ALL_NAMESPACES, '--keep', 'setpcap,fowner'], ['capabilities'])['capabilities'];
      const mask = ((1 << 1) | (1 << 3) | (1 << 8)).toString(16);
      expect(kept).toBe(`effective=${mask} permitted=${mask} inheritable=0 bounding=${mask}`);
    });

    itAsRoot('drop all capabilities with another user', () => {
      const answer = ask([...ALL_NAMESPACES, '--user', '4321:1234'], ['privileges', 'capabilities']);
      expect(answer['privileges']).toContain('user=4321 group=1234');
      expect(answer['capabilities']).toMatch(/^effective=0 permitted=0 /);
    });

    it.each(['', '1', ':1', '1:', '1:x', 'root:root', '4294967295:1'])('reject %j as a user', (text) => {
      expect(end(['--user', text], ['pid'])).toMatchObject({
        status: 125,
        stderr: `vmlet-confine: --user ${text}: expected UID:GID\n`,
      });
    });

    it.skipIf(as.name === 'root')('give an ordinary user no other', () => {
      expect(end(['--user', '1:1'], ['pid']).stderr).toContain(
        'vmlet-confine: --user 1:1: Operation not permitted',
      );
    });

    it('fail if one cannot be created', () => {
      const surroundings = [attempts.confine, '--seccomp', 'base', '--'];
      const { status, stderr } = attempts.run(
        [...surroundings, ...attempts.command(['--unshare', 'net'], ['pid'])],
        as,
      );
      const which = as.name === 'root' ? 'net' : 'user';
      expect({ status, stderr }).toEqual({
        status: 125,
        stderr: `vmlet-confine: ${which} namespace: Operation not permitted\n`,
      });
    });
  });

  describe.skipIf(lacks('mount namespace', found.mount))('the root', () => {
    const root = (...options: string[]) => ['--unshare', 'mount', ...attempts.forItself, ...options];
    const parts = (path: string) => path.split('/').slice(1);

    it('contains only what is bound', () => {
      const [first = ''] = parts(directory);
      expect(ask(root(), ['list=/', `list=${directory}`, 'cwd'])).toEqual({
        'list=/': first,
        [`list=${directory}`]: 'attempt',
        cwd: '/',
      });
      const words = ['read=/proc/self/status', 'read=/dev/null', 'read=/etc/passwd', 'create=/x', 'mkdir=/x'];
      const refused = ask(root(), [
        ...words,
        `create=${directory}/x`,
        `flags=/`,
        'umount=/',
        'remount=/',
        'climb=/',
      ]);
      expect(Object.values(refused)).toEqual([
        ...['ENOENT', 'ENOENT', 'ENOENT', 'EROFS', 'EROFS', 'EROFS'],
        ...['ro nosuid nodev noexec', 'EPERM', 'EPERM', first],
      ]);
    });

    it('leaves no descriptor open', () => {
      const options = root(
        '--bind',
        own,
        '--landlock',
        'execute,read-file',
        attempts.program,
        '--seccomp',
        'base',
      );
      const without = options.slice(0, options.indexOf('--landlock'));
      const answer = ask(found.landlock.abi > 0 ? options : without, ['descriptors']);
      expect(answer).toEqual({ descriptors: '0 1 2' });
    });

    it('is writable only where bound for writing, and files there cannot be executed', () => {
      const options = root('--bind', own, '--bind-read-only', given);
      const made = join(own, 'made');
      const words = [`write=${given}/file`, `create=${given}/x`, `unlink=${given}/file`, `flags=${given}`];
      expect(Object.values(ask(options, words))).toEqual(['EROFS', 'EROFS', 'EROFS', 'ro nosuid nodev exec']);
      const writing = ask(options, [
        `create=${made}`,
        `write=${own}/file`,
        `flags=${own}`,
        `remount=${given}`,
      ]);
      expect(Object.values(writing)).toEqual(['ok', 'ok', 'rw nosuid nodev noexec', 'EPERM']);
      expect(existsSync(made)).toBe(true);
    });

    it('shows files that are created in a bound directory later', async () => {
      const later = join(given, 'later');
      const options = root('--bind-read-only', given);
      const child = attempts.start(attempts.command(options, ['pid', 'wait', `read=${later}`]), as);
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      await lines.next();
      writeFileSync(later, '', { mode: 0o644 });
      child.stdin.end();
      expect([(await lines.next()).value, (await lines.next()).value]).toEqual(['ok', 'ok']);
    });

    it('binds files, devices and sockets, and makes links', async () => {
      await using scope = new Scope();
      const socket = join(given, 'socket');
      const listener = createServer().listen(socket);
      scope.defer(() => void listener.close());
      await once(listener, 'listening');
      chmodSync(socket, 0o777);
      const options = root(
        ...['--bind', '/dev/null', '--bind-read-only', '/dev/zero', '--bind-read-only', `${own}/file`],
        ...['--bind', socket, '--symlink', `..${own}`, '/somewhere/link'],
      );
      const words = [
        ...['read=/dev/null', 'write=/dev/null', 'read=/dev/zero', 'flags=/dev/null', `connect=${socket}`],
        ...[`read=${own}/file`, `write=${own}/file`, 'read=/somewhere/link/file', 'list=/dev'],
      ];
      expect(Object.values(ask(options, words))).toEqual([
        ...['ok', 'ok', 'ok', 'rw nosuid dev noexec', 'ok', 'ok', 'EROFS', 'ok', 'null zero'],
      ]);
    });

    it('binds a path at another place, for reading only', () => {
      const options = root('--bind-read-only-at', given, '/shown/there');
      const words = [
        'list=/shown',
        'read=/shown/there/file',
        'write=/shown/there/file',
        `read=${given}/file`,
      ];
      expect(Object.values(ask(options, words))).toEqual(['there', 'ok', 'EROFS', 'ENOENT']);
      expect(ask(options, ['flags=/shown/there'])).toEqual({ 'flags=/shown/there': 'ro nosuid nodev exec' });
    });

    it('binds one path below another in any order', () => {
      const inner = join(given, 'inner');
      for (const options of [
        ['--bind', inner, '--bind-read-only', given],
        ['--bind-read-only', given, '--bind', inner],
        ['--bind-read-only', inner, '--bind-read-only', given, '--bind', inner],
      ]) {
        const answers = ask(root(...options), [`write=${given}/file`, `write=${inner}/file`]);
        expect(Object.values(answers)).toEqual(['EROFS', 'ok']);
      }
    });

    itAsRoot('makes nested mounts read-only too', () => {
      const inner = join(given, 'inner');
      const script = 'mount -t tmpfs none "$0" && : >"$0/seen" && exec "$@"';
      const command = attempts.command(root('--bind-read-only', given), [
        `read=${inner}/seen`,
        `create=${inner}/x`,
      ]);
      const { lines } = attempts.run(['unshare', '--mount', '/bin/sh', '-c', script, inner, ...command], as);
      expect(lines).toEqual(['ok', 'EROFS']);
    });

    itAsRoot('does not show later mounts', async () => {
      await using scope = new Scope();
      const [inner, seen] = [join(given, 'inner'), join(given, 'inner/seen')];
      const command = attempts.command(root('--bind-read-only', given), ['pid', 'wait', `read=${seen}`]);
      // A namespace like the host’s, whose mounts propagate to those created from it.
      const host = ['unshare', '--mount', '--propagation', 'shared', '/bin/sh', '-c'];
      const script = 'mount --bind "$0" "$0"; exec 3<&0; "$@" <&3 & wait';
      const child = attempts.start([...host, script, given, ...command], as);
      scope.defer(() => void child.kill('SIGKILL'));
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      await lines.next();
      const later = `mount -t tmpfs none "$0" && : >"$0/seen" && cat "$0/seen"`;
      const mounted = ['nsenter', '--target', String(child.pid), '--mount', '/bin/sh', '-c', later, inner];
      expect(attempts.run(mounted, as)).toMatchObject({ status: 0, stderr: '' });
      child.stdin.end();
      expect([(await lines.next()).value, (await lines.next()).value]).toEqual(['ok', 'ENOENT']);
    });

    it('keeps its working directory if that is bound', () => {
      const inside = [attempts.confine, ...root('--bind', own), '--', attempts.program];
      const cwd = (path: string) =>
        attempts.run(['/bin/sh', '-c', 'cd "$0" && exec "$@"', path, ...inside, 'cwd'], as).lines;
      expect([cwd(own), cwd(given)]).toEqual([[own], ['/']]);
    });

    it.each([
      { options: ['--bind', '/no/such'], says: '/no/such: No such file or directory' },
      { options: ['--bind-read-only-at', '/no/such', '/x'], says: '/no/such: No such file or directory' },
      { options: ['--bind-read-only-at', '/etc/../etc', '/x'], says: '/etc/../etc: path must be absolute' },
      { options: ['--bind-read-only', '/dev/null/x'], says: '/dev/null/x: Not a directory' },
      {
        options: ['--bind-read-only', '/etc', '--symlink', 'x', '/etc'],
        says: '--symlink /etc: File exists',
      },
      { options: ['--symlink', 'usr', '/etc', '--bind', '/etc/passwd'], says: '--symlink /etc: File exists' },
      { options: ['--symlink', 'x', '/y', '--symlink', 'z', '/y'], says: '--symlink /y: File exists' },
      {
        options: ['--bind-read-only', '/etc', '--symlink', 'x', '/etc/vmlet-link'],
        says: '/etc/vmlet-link: no such link',
      },
    ])('rejects $options', ({ options, says }) => {
      const { status, stderr } = end(root(...options), ['pid']);
      expect({ status, stderr: stderr.slice(0, `vmlet-confine: ${says}`.length) }).toEqual({
        status: 125,
        stderr: `vmlet-confine: ${says}`,
      });
      expect(existsSync('/etc/vmlet-link')).toBe(false);
    });

    it('follows no link, which another process may have created', () => {
      const link = join(own, 'link');
      symlinkSync('/dev', link);
      const says = (...options: string[]) => end(root(...options), ['pid']).stderr;
      expect(says('--bind', link)).toBe(`vmlet-confine: ${link}: Too many levels of symbolic links\n`);
      expect(says('--bind', `${link}/null`)).toBe(
        `vmlet-confine: ${link}/null: Too many levels of symbolic links\n`,
      );
      expect(says('--bind', own, '--symlink', 'x', `${link}/x`)).toMatch(/link\/x: .*symbolic links\n$/);
    });
  });
});
