import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Attempts, lacks, USERS } from '../../../../fixtures/confine/attempts.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';

const [ABI_OF_TCP, ABI_OF_IOCTL, ABI_OF_SCOPE] = [4, 5, 6];
const [AF_UNIX, AF_INET, AF_NETLINK, AF_VSOCK] = [1, 2, 16, 40];
const [STREAM, DATAGRAM, SEQUENCED, NONBLOCK] = [1, 2, 5, 0o4000];
const [NEW_MOUNTS, NEW_USERS, NEW_NET] = ['0x20000', '0x10000000', '0x40000000'];
const THREAD_IN_NEW_NET = '0x40010000';

/** By number: each fails differently with arguments that are all -1. */
const REFUSED_CALLS = {
  ...{
    ptrace: 101,
    process_vm_readv: 310,
    process_vm_writev: 311,
    process_madvise: 440,
    process_mrelease: 448,
  },
  ...{ kcmp: 312, move_pages: 279, migrate_pages: 256, pidfd_getfd: 438, pidfd_send_signal: 424 },
  ...{
    bpf: 321,
    perf_event_open: 298,
    userfaultfd: 323,
    fanotify_init: 300,
    lookup_dcookie: 212,
    syslog: 103,
  },
  ...{
    keyctl: 250,
    add_key: 248,
    request_key: 249,
    symlink: 88,
    symlinkat: 266,
    open_by_handle_at: 304,
    name_to_handle_at: 303,
  },
  ...{
    mount: 165,
    umount2: 166,
    pivot_root: 155,
    chroot: 161,
    fsopen: 430,
    fsconfig: 431,
    fsmount: 432,
    fspick: 433,
  },
  ...{ open_tree: 428, open_tree_attr: 467, move_mount: 429, mount_setattr: 442, unshare: 272, setns: 308 },
  ...{
    reboot: 169,
    kexec_load: 246,
    kexec_file_load: 320,
    init_module: 175,
    finit_module: 313,
    delete_module: 176,
  },
  ...{
    swapon: 167,
    swapoff: 168,
    acct: 163,
    quotactl: 179,
    quotactl_fd: 443,
    settimeofday: 164,
    clock_settime: 227,
  },
  ...{ clock_adjtime: 305, adjtimex: 159, sethostname: 170, setdomainname: 171, iopl: 172, ioperm: 173 },
};
const UNKNOWN_CALLS = { io_uring_setup: 425, io_uring_enter: 426, io_uring_register: 427, clone3: 435 };

const directory = temporaryDirectory();
const attempts = new Attempts(directory);

async function listening(server: Server, at: string | number): Promise<Server> {
  if (typeof at === 'number') server.listen(at, '127.0.0.1');
  else server.listen(at);
  await once(server, 'listening');
  return server;
}

describe.each(USERS)('as $name', (as) => {
  const found = attempts.probe(as);
  const lacksLandlock = (what: string, abi: number) =>
    lacks(`Landlock for ${what}`, found.landlock.abi >= abi || `its version here is ${found.landlock.abi}`);
  const ask = (options: readonly string[], words: readonly string[]) => attempts.ask(options, words, as);
  const answers = (options: readonly string[], words: readonly string[]) =>
    Object.values(ask(options, words));
  const end = (options: readonly string[], words: readonly string[]) =>
    attempts.run(attempts.command(options, words), as);
  const tree = join(directory, `tree of ${as.name}`);
  const [file, inner, socket] = [join(tree, 'file'), join(tree, 'inner'), join(tree, 'socket')];
  const abstract = `@vmlet-test-${process.pid}-${as.uid ?? 'myself'}`;
  const scope = new Scope();
  /** Another process of the same user. */
  let victim: number;
  let port: number;

  beforeAll(async () => {
    for (const path of [tree, inner]) mkdirSync(path);
    writeFileSync(file, 'x');
    for (const path of [tree, inner, file]) if (as.uid !== undefined) chownSync(path, as.uid, as.uid);
    const servers = [await listening(createServer(), 0), await listening(createServer(), socket)];
    for (const server of servers) scope.defer(() => void server.close());
    chmodSync(socket, 0o777);
    port = (servers[0]!.address() as AddressInfo).port;
    const other = attempts.start([attempts.program, `listen=${abstract}`, 'pid', 'wait'], as);
    scope.defer(() => void other.kill('SIGKILL'));
    const said = createInterface(other.stdout)[Symbol.asyncIterator]();
    expect((await said.next()).value).toBe('ok');
    victim = Number((await said.next()).value);
  });

  afterAll(async () => scope.close());

  describe.skipIf(lacks('Landlock', found.landlock.reason ?? true))('Landlock', () => {
    const itself = ['--landlock', 'execute,read-file', attempts.program];
    const rule = (rights: string, path: string) => ['--landlock', rights, path];
    const words = [
      ...[`read=${file}`, `list=${tree}`, `write=${file}`, `truncate=${file}`, `create=${inner}/new`],
      ...[`unlink=${inner}/new`, `mkdir=${inner}/newer`, `symlink=${inner}/link`, `fifo=${inner}/fifo`],
      ...[`listen=${inner}/socket`, 'read=/etc/passwd', 'list=/', `exec=${attempts.program}`],
    ];

    it('denies everything without a rule', () => {
      const refused = answers(itself, words);
      // Nothing was created that could be removed.
      expect(refused.map((answer) => (answer === 'ENOENT' ? 'EACCES' : answer))).toEqual([
        ...words.slice(1).map(() => 'EACCES'),
        'ok',
      ]);
    });

    it('permits only what a rule allows', () => {
      const [read, list, write, , create] = answers([...itself, ...rule('read-file,read-dir', tree)], words);
      expect([read, list, write, create]).toEqual(['ok', 'file inner socket', 'EACCES', 'EACCES']);
      const all =
        'read-file,read-dir,write-file,truncate,make-reg,make-dir,make-sym,make-fifo,make-sock,remove-file';
      const own = answers([...itself, ...rule(all, tree)], words);
      expect(own).toEqual([
        ...['ok', 'file inner socket', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
        ...['EACCES', 'EACCES', 'ok'],
      ]);
    });

    it('applies to a single file, without the rights that only directories have', () => {
      const options = [
        ...itself,
        ...rule('read-file,read-dir,make-reg,remove-file', file),
        ...rule('read-dir', socket),
      ];
      expect(answers(options, [`read=${file}`, `write=${file}`, `list=${tree}`])).toEqual([
        'ok',
        'EACCES',
        'EACCES',
      ]);
    });

    it('does not start a program that it may not execute', () => {
      const { status, stderr } = end(rule('read-file', '/'), ['pid']);
      expect({ status, stderr }).toEqual({
        status: 126,
        stderr: `vmlet-confine: ${attempts.program}: Permission denied\n`,
      });
    });

    it.skipIf(lacksLandlock('rights of devices', ABI_OF_IOCTL))(
      'denies ioctl on devices unless allowed',
      () => {
        const ioctl = ['ioctl=/dev/zero'];
        expect(answers([...itself, ...rule('read-file', '/dev')], ioctl)).toEqual(['EACCES']);
        expect(answers([...itself, ...rule('read-file,ioctl-dev', '/dev/zero')], ioctl)).toEqual(['ENOTTY']);
      },
    );

    it('follows no link', () => {
      const link = join(tree, 'link');
      symlinkSync('/etc', link);
      const { status, stderr } = end([...itself, ...rule('read-file', link)], ['pid']);
      rmSync(link);
      expect({ status, stderr }).toEqual({
        status: 125,
        stderr: `vmlet-confine: --landlock ${link}: Too many levels of symbolic links\n`,
      });
    });

    it.skipIf(lacks('mount namespace', found.mount))('resolves paths in the new root', () => {
      const options = ['--unshare', 'mount', ...attempts.forItself, '--bind', tree, ...itself];
      expect(answers([...options, ...rule('read-file', tree)], [`read=${file}`, `write=${file}`])).toEqual([
        'ok',
        'EACCES',
      ]);
      const { status, stderr } = end([...options, ...rule('read-file', '/etc')], ['pid']);
      expect({ status, stderr }).toEqual({
        status: 125,
        stderr: 'vmlet-confine: --landlock /etc: No such file or directory\n',
      });
    });

    it.skipIf(lacksLandlock('scopes', ABI_OF_SCOPE))(
      '--landlock-scope denies abstract sockets and signals',
      () => {
        const tried = [
          `connect=${abstract}`,
          `connect=${socket}`,
          `kill=${victim}`,
          `tkill=${victim}`,
          'kill=self',
        ];
        expect(answers([], tried)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
        expect(answers(['--landlock-scope'], tried)).toEqual(['EPERM', 'ok', 'EPERM', 'EPERM', 'ok']);
      },
    );

    it.skipIf(lacksLandlock('TCP', ABI_OF_TCP))('--landlock-deny-tcp denies both directions', () => {
      const tried = [`tcp-connect=${port}`, 'tcp-bind=0', `connect=${socket}`];
      expect(answers([], tried)).toEqual(['ok', 'ok', 'ok']);
      expect(answers(['--landlock-deny-tcp'], tried)).toEqual(['EACCES', 'EACCES', 'ok']);
    });
  });

  describe.skipIf(lacks('seccomp', found.seccomp))('seccomp', () => {
    const base = ['--seccomp', 'base'];

    it('base denies system calls that no program needs', () => {
      const words = (calls: Record<string, number>) => Object.values(calls).map((number) => `call=${number}`);
      const refused = ask(base, words(REFUSED_CALLS));
      expect(refused).toEqual(Object.fromEntries(words(REFUSED_CALLS).map((word) => [word, 'EPERM'])));
      expect(new Set(answers(base, words(UNKNOWN_CALLS)))).toEqual(new Set(['ENOSYS']));
      expect(answers(base, ['call-of-32-bits', 'call-of-x32'])).toEqual(['ENOSYS', 'ENOSYS']);
    });

    it('base denies access to other processes', () => {
      const signals = [
        'kill',
        'tkill',
        'tgkill',
        'queue',
        'pidfd-signal',
        'owner',
        'owner-of-kind',
        'owner-request',
      ];
      const all = [...signals, 'limit-of', 'attach', 'memory'];
      const of = (pid: number | string, verbs = all) => verbs.map((verb) => `${verb}=${pid}`);
      expect(answers([], of(victim, [...signals, 'limit-of', 'attach'])).join()).not.toContain('EPERM');
      expect(answers(base, of(victim))).toEqual(all.map(() => 'EPERM'));
      for (const group of [0, -1]) expect(answers(base, [`kill=${group}`])).toEqual(['EPERM']);
      const itself = of('self', ['kill', 'tkill', 'tgkill', 'queue', 'limit-of']);
      expect(answers(base, itself)).toEqual(itself.map(() => 'ok'));
      expect(answers(base, ['limit-of=0', 'clone=0', `exec=${attempts.program}`])).toEqual([
        'ok',
        'ok',
        'ok',
      ]);
    });

    it('base leaves signals between threads to Landlock if that can tell threads apart', () => {
      expect(answers(base, ['signal-thread'])).toEqual(['EPERM']);
      if (found.landlock.abi < ABI_OF_SCOPE) return;
      const tried = [`tkill=${victim}`, 'signal-thread'];
      expect(answers([...base, '--landlock-scope'], tried)).toEqual(['EPERM', 'ok']);
    });

    it('base denies namespaces and terminal injection', () => {
      const words = [NEW_MOUNTS, NEW_USERS, NEW_NET].flatMap((flag) => [`unshare=${flag}`, `clone=${flag}`]);
      expect(answers(base, [...words, 'push-input', 'clone=0'])).toEqual([
        ...words.map(() => 'EPERM'),
        'EPERM',
        'ok',
      ]);
    });

    it('files denies setuid and setgid modes, and allows symbolic links', () => {
      const files = ['--seccomp', 'files'];
      const path = join(tree, 'mode');
      const calls = ['chmod', 'fchmod', 'fchmodat', 'fchmodat2', 'reopen'];
      const making = ['open', 'openat', 'openat2', 'creat', 'mknod', 'mknodat'];
      const said = (refused: readonly string[]) =>
        [...calls, ...making]
          .map((call) =>
            call === 'openat2' ? 'openat2:ENOSYS' : refused.includes(call) ? `${call}:EPERM` : call,
          )
          .join(' ');
      const all = [...calls, ...making].filter((call) => call !== 'reopen');
      // A kernel before 6.6 has no fchmodat2.
      const without = (text: string | undefined) => text?.replace('fchmodat2:ENOSYS', 'fchmodat2');
      expect(answers(files, [`modes=0644,${path}`]).map(without)).toEqual([said([])]);
      for (const mode of ['4755', '2755', '6755']) {
        expect(answers(files, [`modes=${mode},${path}`])).toEqual([said(all)]);
      }
      for (const node of ['20644', '60644']) {
        expect(answers(files, [`modes=${node},${path}`]).map(without)).toEqual([said(['mknod', 'mknodat'])]);
      }
      expect(answers([], [`modes=4755,${path}`])[0]).not.toContain('EPERM');
      expect(answers(files, [`symlink=${path}`, `unlink=${path}`, `kill=${victim}`])).toEqual([
        'ok',
        'ok',
        'EPERM',
      ]);
      expect(answers(base, [`symlink=${path}`])).toEqual(['EPERM']);
    });

    it('processes allows threads, and denies running other programs', () => {
      const all = ['--seccomp', 'processes'];
      const tried = ['clone=0', 'fork', 'call=57', 'call=58', 'call=322', 'signal-thread', 'call=435'];
      expect(answers(all, tried)).toEqual(['EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM', 'ok', 'ENOSYS']);
      const withBase = ['--seccomp', 'base,processes'];
      expect(answers(withBase, [...tried, `clone=${THREAD_IN_NEW_NET}`])).toEqual([
        ...['EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM', 'ENOSYS', 'EPERM'],
      ]);
    });

    it('sockets allows streams between processes', () => {
      const tried: readonly [string, string][] = [
        [`socket=${AF_UNIX},${STREAM}`, 'ok'],
        [`socket=${AF_UNIX},${STREAM | NONBLOCK}`, 'ok'],
        [`socketpair=${AF_UNIX},${STREAM}`, 'ok'],
        [`socketpair=${AF_UNIX},${DATAGRAM}`, 'EPERM'],
        ...[DATAGRAM, DATAGRAM | NONBLOCK, SEQUENCED].map((type): [string, string] => [
          `socket=${AF_UNIX},${type}`,
          'EPERM',
        ]),
        ...[AF_INET, AF_NETLINK, AF_VSOCK].map((domain): [string, string] => [
          `socket=${domain},${STREAM}`,
          'EPERM',
        ]),
        [`socket=${AF_INET},${DATAGRAM}`, 'EPERM'],
        [`listen=${inner}/own-socket-${as.uid ?? 'myself'}`, 'ok'],
        [`connect=${socket}`, 'ok'],
      ];
      expect(
        ask(
          ['--seccomp', 'sockets'],
          tried.map(([word]) => word),
        ),
      ).toEqual(Object.fromEntries(tried));
      expect(answers(base, [`socket=${AF_INET},${STREAM}`])).toEqual(['ok']);
    });

    it('connect denies connect', () => {
      const options = ['--seccomp', 'connect'];
      expect(answers(options, [`connect=${socket}`, `tcp-connect=${port}`, `connect=${abstract}`])).toEqual([
        ...['EPERM', 'EPERM', 'EPERM'],
      ]);
    });
  });
});
