import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { hostKeysOnConsole, knownHosts } from '../../../../src/guest/ssh/known-hosts.ts';
import { sshArguments } from '../../../../src/guest/ssh/ssh-client.ts';
import {
  excludeFromConfig,
  includeInConfig,
  includeLine,
  sshConfig,
  withHostNames,
} from '../../../../src/guest/ssh/ssh-config.ts';
import { encodeKeyPair, makeSshKeyPair } from '../../../../src/guest/ssh/ssh-key.ts';
import { parsePublicKey } from '../../../../src/guest/ssh/ssh-public-key.ts';

const key = makeSshKeyPair('vmlet').publicKey;
const [, base64 = ''] = key.split(' ');

describe('keys', () => {
  test('are new each time', () => {
    expect(makeSshKeyPair('vmlet').publicKey).not.toBe(key);
  });

  test('have a comment of one line', () => {
    expect(() => makeSshKeyPair('one\ntwo')).toThrow(InvalidInputError);
  });

  test('fill their private part up to whole blocks', () => {
    const parts = { seed: Buffer.alloc(32, 1), publicPoint: Buffer.alloc(32, 2) };
    for (const comment of ['', 'a', 'ab', 'abc', 'abcdefgh']) {
      const { privateKey } = encodeKeyPair(parts, comment, 7);
      const bytes = Buffer.from(privateKey.split('\n').slice(1, -2).join(''), 'base64');
      // magic, three strings, a number and the public blob of 4 + 11 + 4 + 32 bytes go before it
      const at = 15 + (4 + 4) + (4 + 4) + 4 + 4 + (4 + 51);
      expect(bytes.readUInt32BE(at) % 8).toBe(0);
      expect(bytes.length).toBe(at + 4 + bytes.readUInt32BE(at));
    }
  });
});

describe('public keys', () => {
  test('are parsed with and without a comment', () => {
    const expected = { type: 'ssh-ed25519', base64 };
    expect(parsePublicKey(key)).toEqual(expected);
    expect(parsePublicKey(`ssh-ed25519 ${base64}\r`)).toEqual(expected);
  });

  test('must be complete and of the stated type', () => {
    expect(parsePublicKey(`ssh-rsa ${base64}`)).toBeUndefined();
    expect(parsePublicKey(`ssh-ed25519 ${base64.slice(0, -8)}`)).toBeUndefined();
    expect(parsePublicKey(`ssh-ed25519 ${base64.slice(0, 20)}`)).toBeUndefined();
    expect(parsePublicKey(`* ssh-ed25519 ${base64}`)).toBeUndefined();
    expect(parsePublicKey('')).toBeUndefined();
  });

  test('are recorded only under the name of the machine', () => {
    expect(knownHosts('web', [key])).toBe(`web.vmlet ssh-ed25519 ${base64}\n`);
    const twoLines = `${key}\nother.example ${key}`;
    expect(knownHosts('web', [twoLines])).toBe(`web.vmlet ssh-ed25519 ${base64}\n`);
    expect(() => knownHosts('web', [`x\n${key}`])).toThrow(InvalidInputError);
    expect(() => knownHosts('web', [`@cert-authority * ${key}`])).toThrow(InvalidInputError);
  });

  test('are found among other console lines, and the last boot wins', () => {
    const old = makeSshKeyPair('old').publicKey;
    const block = (...lines: string[]): string =>
      ['-----BEGIN SSH HOST KEY KEYS-----', ...lines, '-----END SSH HOST KEY KEYS-----', ''].join('\r\n');
    const text = `${block(old)}[   12.0] login: ${key}\r\n${block('[   13.1] random: crng', key)}${old}\r\n`;
    expect(hostKeysOnConsole(text)).toEqual([`ssh-ed25519 ${base64}`]);
    expect(hostKeysOnConsole(key)).toEqual([]);
    expect(hostKeysOnConsole(text.slice(0, 100))).toEqual([]);
  });
});

describe('the configuration', () => {
  const host = {
    machine: 'web',
    address: '127.0.0.1',
    port: 2222,
    user: 'debian',
    identityFile: '/k',
    knownHostsFile: '/h',
    hostKeyKnown: true,
  };

  test('contains no injected line breaks', () => {
    expect(() => sshConfig([{ ...host, user: 'a\nProxyCommand x' }])).toThrow(InvalidInputError);
    expect(() => sshConfig([{ ...host, identityFile: '/a\nb' }])).toThrow(InvalidInputError);
    expect(() => sshConfig([{ ...host, address: '' }])).toThrow(InvalidInputError);
    expect(() => includeLine({ path: '/a\nb' })).toThrow(InvalidInputError);
  });

  test('has all names of a machine, and one for its host key', () => {
    const text = sshConfig([{ ...host, aliases: ['web.lan', 'www.lan'] }]);
    expect(text).toContain('\nHost web.vmlet web.lan www.lan\n');
    expect(text).toContain('\n  HostKeyAlias web.vmlet\n');
    expect(sshConfig([host])).toContain('\nHost web.vmlet\n');
  });

  test('gets other names, and keeps its other lines', () => {
    const names = { machine: 'web', aliases: ['web.lan', 'www.lan'] };
    const text = sshConfig([{ ...host, aliases: ['web.dmz'] }]);
    expect(withHostNames(text, names)).toBe(sshConfig([{ ...host, ...names }]));
    expect(withHostNames(text, { machine: 'web' })).toBe(sshConfig([host]));
  });

  test('rejects paths that ssh would expand, and names no user', () => {
    expect(() => sshConfig([{ ...host, knownHostsFile: '/a/${HOME}' }])).toThrow(/variable/);
    expect(() => sshConfig([{ ...host, user: 'a%b' }])).toThrow(InvalidInputError);
  });
});

describe('the Include line', () => {
  const path = '/home/me/.local/share/vmlet/ssh_config';
  const line = `Include "${path}"`;

  test.each([
    line,
    `  include\t"${path}"  # ours`,
    `Include=${path}`,
    `INCLUDE other "${path}"`,
    `Include '${path}'`,
    'Include ~/.local/share/vmlet/ssh_config',
    `ForwardAgent no\n${line}\nHost *\n  Port 1`,
    `${line}\r\nHost *\r\n`,
  ])('is found in %j', (text) => {
    expect(includeInConfig(text, { path }, '/home/me')).toEqual({ included: true, text });
  });

  test.each([
    '',
    `# ${line}`,
    `Host *\n  ${line}\n`,
    `match all\n${line}\n`,
    `Include "${path}.old"`,
    'Include ~/vmlet',
  ])('is put at the top of %j', (text) => {
    const result = includeInConfig(text, { path }, '/home/me');
    expect(result).toEqual({ included: false, text: `${line}\n${text === '' ? '' : `\n${text}`}` });
    expect(includeInConfig(result.text, { path }, '/home/me').included).toBe(true);
  });
});

describe('the Include line of all machines', () => {
  const files = { path: '/data/a*b/machines', glob: '/*/ssh/config' };

  test('is a pattern only after the path', () => {
    expect(includeLine(files)).toBe(String.raw`Include "/data/a\\*b/machines/*/ssh/config"`);
  });

  test.each(['', 'Host *\n  Port 1\n', 'Include other\n\nHost a\n'])(
    'is added to and removed from %j',
    (text) => {
      const added = includeInConfig(text, files, '/home/me').text;
      expect(added).not.toBe(text);
      expect(excludeFromConfig(added, files, '/home/me')).toBe(text);
      expect(excludeFromConfig(text, files, '/home/me')).toBe(text);
    },
  );
});

test('the command line keeps the words for the guest after the host', () => {
  const command = { configPath: '/c d', name: 'web', command: ['-v', 'x'] };
  expect(sshArguments(command)).toEqual(['ssh', '-F', '/c d', '--', 'web.vmlet', '-v', 'x']);
  expect(sshArguments({ ...command, tty: true })).toContain('-t');
  expect(sshArguments({ ...command, tty: false })).toContain('-T');
  expect(sshArguments({ ...command, batch: true }).slice(0, 6)).toEqual([
    'ssh',
    '-F',
    '/c d',
    '-o',
    'BatchMode=yes',
    '--',
  ]);
});
