import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownHosts } from '../../../../src/guest/ssh/known-hosts.ts';
import { sshArguments } from '../../../../src/guest/ssh/ssh-client.ts';
import { includeInConfig, sshConfig } from '../../../../src/guest/ssh/ssh-config.ts';
import { makeSshKeyPair } from '../../../../src/guest/ssh/ssh-key.ts';
import { findProgram } from '../../../../src/process/program.ts';
import { run } from '../../../../src/process/run.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';
import { type TestSshd, ssh, startSshd, whyNoSshd, writeKey } from './openssh.ts';

const NASTY = [
  'with space',
  'a"b',
  "it's",
  'per%cent%h',
  'back\\slash',
  '#hash',
  'straße',
  '$HOME',
  'gl*b[x]?',
];

const noClient = ['ssh', 'ssh-keygen'].find((program) => findProgram(program) === undefined);
if (noClient !== undefined) console.warn(`skipped: there is no ${noClient} (Debian package openssh-client)`);

describe.skipIf(noClient !== undefined)("OpenSSH's own programs", () => {
  const { path: directory, remove } = makeTemporaryDirectory();
  afterAll(remove);

  test.each(['a', 'vmlet web', 'grüße'])('can read a key with the comment %j', async (comment) => {
    const key = makeSshKeyPair(comment);
    const path = join(directory, 'key');
    writeKey(path, key);
    const { stdout } = await run(['ssh-keygen', '-y', '-f', path]);
    expect(stdout.toString().trimEnd()).toBe(key.publicKey);
    // In another locale it shows bytes above ASCII in escapes.
    const environment = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' };
    const listed = (await run(['ssh-keygen', '-l', '-f', path], { environment })).stdout.toString();
    expect(listed).toMatch(/^256 SHA256:\S+ /);
    expect(listed).toContain(comment);
    const ofPublicKey = await run(['ssh-keygen', '-l', '-f', `${path}.pub`], { environment });
    expect(ofPublicKey.stdout.toString()).toBe(listed);
  });

  test.each(NASTY)('accept %j in the path of the included file and in those of keys', async (name) => {
    const folder = join(directory, name);
    mkdirSync(folder);
    const included = join(folder, 'ssh_config');
    writeFileSync(
      included,
      sshConfig([
        {
          machine: 'Web-1',
          address: '127.0.0.1',
          port: 2222,
          user: 'debian user',
          identityFile: join(folder, 'key'),
          knownHostsFile: join(folder, 'known'),
          hostKeyKnown: true,
        },
      ]),
      { mode: 0o600 },
    );
    const config = join(folder, 'config');
    const before = 'Host *\n  Port 9\n  ProxyJump bastion\n  StrictHostKeyChecking no\n';
    writeFileSync(config, includeInConfig(before, { path: included }, '/root').text, { mode: 0o600 });
    const settings = (await run(['ssh', '-G', '-F', config, 'Web-1.vmlet'])).stdout.toString().split('\n');
    // -G prints this one before its tokens are replaced.
    const shown = folder.replaceAll('%', '%%');
    expect(settings).toEqual(
      expect.arrayContaining([
        'hostname 127.0.0.1',
        'port 2222',
        'user debian user',
        `identityfile ${shown}/key`,
        `userknownhostsfile ${folder}/known`,
        'globalknownhostsfile /dev/null',
        'hostkeyalias web-1.vmlet',
        'identitiesonly yes',
        'stricthostkeychecking true',
        'loglevel ERROR',
      ]),
    );
    expect(settings.filter((line) => /^proxy(jump|command) /.test(line))).toEqual([]);
    const others = (await run(['ssh', '-G', '-F', config, 'other.example'])).stdout.toString().split('\n');
    expect(others).toContain('port 9');
  });

  test('a proxy command gets its words unchanged', async () => {
    const [config, out] = [join(directory, 'proxied'), join(directory, 'words')];
    const words = [...NASTY, '%h', '%%'];
    writeFileSync(
      config,
      sshConfig([
        {
          machine: 'web',
          address: 'localhost',
          port: 22,
          user: 'root',
          identityFile: join(directory, 'key'),
          knownHostsFile: join(directory, 'known'),
          proxyCommand: ['sh', '-c', 'printf "%s\\n" "$@" >"$0"', out, ...words],
          hostKeyKnown: true,
        },
      ]),
      { mode: 0o600 },
    );
    await run(['ssh', '-F', config, 'web.vmlet'], { acceptedExitCodes: [255] });
    expect(readFileSync(out, 'utf8').split('\n')).toEqual([...words, '']);
  });
});

const noSshd = noClient === undefined ? whyNoSshd() : 'there is no ssh';
if (noSshd !== undefined) console.warn(`skipped: ${noSshd}`);

describe.skipIf(noSshd !== undefined)('a login', () => {
  const scope = new Scope();
  const hostKey = makeSshKeyPair('host');
  const userKey = makeSshKeyPair('vmlet');
  let server: TestSshd;
  let directory: string;

  beforeAll(async () => {
    const { path, remove } = makeTemporaryDirectory();
    scope.defer(remove);
    directory = path;
    server = await startSshd(join(path, 'server'), hostKey, userKey.publicKey, scope);
  });
  afterAll(async () => scope.close());

  interface Client {
    readonly command?: readonly string[];
    readonly known?: string;
    readonly hostKeyKnown?: boolean;
    readonly machine?: string;
  }

  /** A machine’s directory as vmlet creates it, and a command over ssh. */
  async function login(folder: string, client: Client = {}) {
    const { machine = 'web', known = knownHosts(machine, [hostKey.publicKey]), command = ['true'] } = client;
    mkdirSync(folder, { recursive: true });
    writeKey(join(folder, 'id'), userKey);
    if (known !== '') writeFileSync(join(folder, 'known_hosts'), known);
    const configPath = join(folder, 'ssh_config');
    const config = sshConfig([
      {
        machine,
        address: '127.0.0.1',
        port: server.port,
        user: 'root',
        identityFile: join(folder, 'id'),
        knownHostsFile: join(folder, 'known_hosts'),
        hostKeyKnown: client.hostKeyKnown ?? true,
      },
    ]);
    writeFileSync(configPath, config, { mode: 0o600 });
    return ssh(sshArguments({ configPath, name: machine, command }));
  }

  test.each(NASTY)('asks nothing and prints nothing of its own, from a directory with %j', async (name) => {
    const result = await login(join(directory, name), { command: ['echo', 'here'] });
    expect(result.stderr).toBe('');
    expect(result.stdout.toString()).toBe('here\n');
    expect(result.exitCode).toBe(0);
  });

  test('works for a machine with capitals in its name', async () => {
    expect(await login(join(directory, 'capitals'), { machine: 'WebServer' })).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
  });

  test('returns the command’s status', async () => {
    expect((await login(join(directory, 'status'), { command: ['exit', '7'] })).exitCode).toBe(7);
  });

  test('passes the command’s first word on, option or not', async () => {
    const { exitCode, stderr } = await login(join(directory, 'option'), { command: ['-V'] });
    // The login shell in the guest reports an error; ssh itself would have printed its version.
    expect(stderr).not.toContain('OpenSSH');
    expect([0, 255]).not.toContain(exitCode);
  });

  test('is rejected by ssh if the host key differs from the known one', async () => {
    const known = knownHosts('web', [makeSshKeyPair('other').publicKey]);
    for (const hostKeyKnown of [true, false]) {
      const { exitCode, stderr } = await login(join(directory, `other-${hostKeyKnown}`), {
        known,
        hostKeyKnown,
      });
      expect(stderr).toContain('REMOTE HOST IDENTIFICATION HAS CHANGED');
      expect(exitCode).toBe(255);
    }
  });

  test('is rejected if the key should be known and is not', async () => {
    const { exitCode, stderr } = await login(join(directory, 'strict'), { known: '' });
    expect(stderr).toContain('Host key verification failed');
    expect(exitCode).toBe(255);
  });

  test('stores an unknown key once, under the name of the machine', async () => {
    const folder = join(directory, 'learns');
    expect((await login(folder, { known: '', hostKeyKnown: false })).exitCode).toBe(0);
    const found = await run(['ssh-keygen', '-F', 'web.vmlet', '-f', join(folder, 'known_hosts')]);
    expect(found.stdout.toString()).toContain(hostKey.publicKey.split(' ').slice(0, 2).join(' '));
    expect((await login(folder, { known: '', hostKeyKnown: true })).exitCode).toBe(0);
  });
});
