import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { GuestAgent } from '../../../../src/guest/agent/agent.ts';
import { makeSshKeyPair } from '../../../../src/guest/ssh/ssh-key.ts';
import {
  type TrustedChannel,
  authorizeKey,
  installHostKey,
  readHostKeys,
} from '../../../../src/guest/ssh/ssh-provision.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { run } from '../../../../src/process/run.ts';
import { supervise } from '../../../../src/process/supervise.ts';
import { GuestAgentClient, guestExec } from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { until, untilListening } from '../../../until.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { freePort, whyNoSshd } from './openssh.ts';

const AGENT = join(import.meta.dirname, '../../../../dist/guest-agent/vmlet-agent');
const UID = 61_234;

/** In its own mount namespace, a program sees our /etc/ssh, /run, /home and users instead of the host’s. */
const IN_GUEST = `
set -eu
mount --bind "$0/ssh" /etc/ssh
mount --bind "$0/passwd" /etc/passwd
mount --bind "$0/group" /etc/group
mount --bind "$0/shadow" /etc/shadow
mount --bind "$0/home" /home
mount --bind "$0/run" /run
exec "$@"
`;

async function whyNotHere(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'mounting over /etc/ssh takes root';
  try {
    await run(['unshare', '--mount', 'true']);
    return undefined;
  } catch (error) {
    return `there are no mount namespaces here: ${String(error)}`;
  }
}

const reason = await whyNotHere();
if (reason !== undefined) console.warn(`skipped: ${reason}`);

describe.skipIf(reason !== undefined)('ssh in a guest', () => {
  const scope = new Scope();
  const channels = new Map<string, TrustedChannel>();
  let directory: string;
  const key = makeSshKeyPair('vmlet web').publicKey;

  beforeAll(async () => {
    const { path, remove } = makeTemporaryDirectory();
    scope.defer(remove);
    directory = path;
    // The user is not root, and must be able to reach their home.
    chmodSync(path, 0o755);
    for (const name of ['ssh', 'run', 'run/sshd', 'home', 'home/al ice', 'home/linked'])
      mkdirSync(join(path, name), { mode: 0o755 });
    chownSync(join(path, 'home/al ice'), UID, UID);
    chownSync(join(path, 'home/linked'), UID + 1, UID);
    writeFileSync(
      join(path, 'passwd'),
      [
        'root:x:0:0:root:/home/root:/bin/sh',
        `alice:x:${UID}:${UID}::/home/al ice:/usr/sbin/nologin`,
        `linked:x:${UID + 1}:${UID}::/home/linked:/bin/sh`,
        'sshd:x:61241:61241::/run/sshd:/usr/sbin/nologin',
        'homeless:x:61240:61240::/nonexistent:/bin/sh',
        '',
      ].join('\n'),
    );
    const shadow = ['root', 'alice', 'linked'].map((user) => `${user}:*:20000:0:99999:7:::\n`).join('');
    writeFileSync(join(path, 'shadow'), shadow, { mode: 0o600 });
    writeFileSync(join(path, 'group'), `root:x:0:\nalice:x:${UID}:\n`);
    const inGuest = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', IN_GUEST, path] as const;
    const environment = { PATH: process.env['PATH'] ?? '' };

    const ours = supervise([...inGuest, AGENT, '--fd', '3'], { environment, descriptors: ['pipe'] }, scope);
    const agent = await GuestAgent.attach(ours.connections.get(3)!, { timeoutMs: 60_000 });
    scope.defer(async () => agent.close());
    channels.set('our agent', agent);

    if (findProgram('qemu-ga') === undefined) return;
    const socket = join(path, 'qga');
    const qga = ['qemu-ga', '-m', 'unix-listen', '-p', socket, '-t', path] as const;
    supervise([...inGuest, ...qga], { environment }, scope);
    await untilListening(socket);
    const client = await GuestAgentClient.connect(socket);
    scope.defer(async () => client.close());
    channels.set("QEMU's agent", { exec: async (argv, options) => guestExec(client, argv, options) });
  });
  afterAll(async () => scope.close());

  const names = ['our agent', ...(findProgram('qemu-ga') === undefined ? [] : ["QEMU's agent"])];
  describe.each(names)('by %s', (name) => {
    const channel = (): TrustedChannel => channels.get(name)!;

    test('a key is authorized once, for a user with a nologin shell, in a home with a space', async () => {
      const own = makeSshKeyPair(name).publicKey;
      rmSync(join(directory, 'home/al ice/.ssh'), { recursive: true, force: true });
      await authorizeKey(channel(), 'alice', own);
      await authorizeKey(channel(), 'alice', own);
      const folder = join(directory, 'home/al ice/.ssh');
      const file = join(folder, 'authorized_keys');
      const lines = readFileSync(file, 'utf8').split('\n');
      expect(lines.filter((line) => line === own)).toHaveLength(1);
      expect(lines.at(-1)).toBe('');
      expect(statSync(folder)).toMatchObject({ uid: UID, gid: UID, mode: 0o40700 });
      expect(statSync(file)).toMatchObject({ uid: UID, gid: UID, mode: 0o100600 });
    });

    test('existing lines of authorized_keys stay, even an unterminated last line and comments', async () => {
      const own = makeSshKeyPair(name).publicKey;
      const file = join(directory, 'home/al ice/.ssh/authorized_keys');
      writeFileSync(file, `# ${own}\n${key}`);
      chmodSync(file, 0o666);
      await authorizeKey(channel(), 'alice', own);
      expect(readFileSync(file, 'utf8')).toBe(`# ${own}\n${key}\n${own}\n`);
      expect(statSync(file).mode & 0o022).toBe(0);
    });

    test("a user's link does not lead root to a file that is not theirs", async () => {
      const target = join(directory, 'secret');
      writeFileSync(target, 'secret\n', { mode: 0o600 });
      const folder = join(directory, 'home/linked/.ssh');
      if (!existsSync(folder)) {
        mkdirSync(folder);
        chownSync(folder, UID + 1, UID);
        symlinkSync(target, join(folder, 'authorized_keys'));
      }
      await expect(authorizeKey(channel(), 'linked', key)).rejects.toThrow(
        /Operation not permitted|Permission denied/,
      );
      expect(readFileSync(target, 'utf8')).toBe('secret\n');
      expect(statSync(target).uid).toBe(0);
    });

    test('a missing user and a missing home directory are different errors', async () => {
      await expect(authorizeKey(channel(), 'bob', key)).rejects.toThrow('no such user in the guest: bob');
      await expect(authorizeKey(channel(), 'homeless', key)).rejects.toThrow(
        'does not exist in the guest: /nonexistent',
      );
    });

    test('no value is taken for an option or a command', async () => {
      for (const user of ['-x', '', 'a b', 'a:b', '../x', 'a\nb']) {
        await expect(authorizeKey(channel(), user, key)).rejects.toThrow(InvalidInputError);
      }
      await expect(authorizeKey(channel(), 'a$(touch${IFS}x)', key)).rejects.toThrow('no such user');
      await expect(authorizeKey(channel(), 'alice', `${key}\n${key}`)).rejects.toThrow(InvalidInputError);
      await expect(authorizeKey(channel(), 'alice', 'ssh-ed25519 AAAA')).rejects.toThrow(InvalidInputError);
    });

    test('host keys are written and read back', async () => {
      const hostKey = makeSshKeyPair('web');
      await installHostKey(channel(), hostKey);
      expect(await readHostKeys(channel())).toEqual([hostKey.publicKey.split(' ').slice(0, 2).join(' ')]);
      const file = join(directory, 'ssh/ssh_host_ed25519_key');
      expect(readFileSync(file, 'utf8')).toBe(hostKey.privateKey);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(`${file}.pub`).mode & 0o777).toBe(0o644);
    });

    test.skipIf(whyNoSshd() !== undefined)('a running sshd uses a host key that was installed', async () => {
      const port = await freePort();
      const config = join(directory, 'ssh/sshd_config');
      writeFileSync(config, `ListenAddress 127.0.0.1\nPort ${port}\nPidFile /run/sshd.pid\nUsePAM no\n`);
      // Its status is 1 without a listener: before sshd listens, and while it restarts.
      const scan = async (): Promise<string> => {
        const argv = ['ssh-keyscan', '-t', 'ed25519', '-p', String(port), '127.0.0.1'] as const;
        return (await run(argv, { acceptedExitCodes: [0, 1] })).stdout.toString();
      };
      const [before, after] = [makeSshKeyPair(''), makeSshKeyPair('')];
      await installHostKey(channel(), before);
      const started = await channel().exec(['/usr/sbin/sshd', '-f', config]);
      expect(Buffer.from(started.stderr).toString()).toBe('');
      const pidFile = join(directory, 'run/sshd.pid');
      await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'), {
        awaited: 'sshd has begun',
      });
      const pid = Number(readFileSync(pidFile, 'utf8'));
      try {
        await until(async () => (await scan()).includes(before.publicKey), {
          awaited: 'sshd shows its first key',
        });
        await installHostKey(channel(), after);
        await until(async () => (await scan()).includes(after.publicKey), {
          awaited: 'sshd shows its second key',
        });
      } finally {
        process.kill(pid, 'SIGTERM');
        // It removes the file when it ends.
        await until(() => !existsSync(pidFile), { awaited: 'sshd has ended' });
      }
    });
  });
});
