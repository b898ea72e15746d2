import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  type ExecOptions,
  encodeCommand,
  encodeSize,
  parseCommand,
} from '../../../../src/guest/agent/command.ts';
import { type GuestConfiguration, encodeConfiguration } from '../../../../src/guest/agent/configuration.ts';
import { Tag, readFields } from '../../../../src/guest/agent/fields.ts';

const MAC = '52:54:00:12:34:56';

const encoded = (argv: readonly string[], options: ExecOptions): Buffer =>
  encodeCommand(argv, parseCommand(argv, options));

describe('a command', () => {
  test.each([
    ['argv', [], {}],
    ['argv', 'ls -l' as unknown as string[], {}],
    ['argv[1]', ['ls', 'a\0b'], {}],
    ['argv[0]', ['\ud800'], {}],
    ['argv[1]', ['ls', 5], {}],
    ['options', ['ls'], ['-l']],
    ['timeout', ['ls'], { timeout: 5 }],
    ['env', ['ls'], { env: 'A=B' }],
    ['env.A', ['ls'], { env: { A: 5 } }],
    ['clearEnv', ['ls'], { clearEnv: 'yes' }],
    ['cwd', ['ls'], { cwd: 5 }],
    ['user', ['ls'], { user: 5 }],
    ['tty', ['ls'], { tty: true }],
    ['tty.rows', ['ls'], { tty: { rows: '24', columns: 80 } }],
    ['tty.term', ['ls'], { tty: { rows: 1, columns: 1, term: 5 } }],
    ['input', ['ls'], { input: 5 }],
    ['stdin', ['ls'], { stdin: 'inherit' }],
    ['maxBuffer', ['ls'], { maxBuffer: -1 }],
    ['timeoutMs', ['ls'], { timeoutMs: Number.NaN }],
    ['timeoutMs', ['ls'], { timeoutMs: -1 }],
    ['timeoutMs', ['ls'], { timeoutMs: '5' }],
    ['signal', ['ls'], { signal: new AbortController() }],
    ['env', ['ls'], { env: { 'A=B': 'c' } }],
    ['env', ['ls'], { env: { '': 'c' } }],
    ['env.A', ['ls'], { env: { A: '\0' } }],
    ['cwd', ['ls'], { cwd: '\0' }],
    ['user', ['ls'], { user: 'a\0' }],
    ['stdin', ['ls'], { stdin: 'pipe', input: 'x' }],
    ['rows', ['ls'], { tty: { rows: -1, columns: 1 } }],
    ['columns', ['ls'], { tty: { rows: 1, columns: 65536 } }],
  ] as const)('names an invalid %s', (field, argv, options) => {
    expect(() => encoded(argv as readonly string[], options as ExecOptions)).toThrow(
      expect.objectContaining({ constructor: InvalidInputError, field }) as Error,
    );
  });

  test('prefers the terminal’s TERM to the environment’s', () => {
    const body = encoded(['ls'], {
      env: { TERM: 'dumb' },
      tty: { rows: 1, columns: 2, term: 'xterm' },
    });
    expect(body.includes('TERM=xterm')).toBe(true);
    expect(body.includes('TERM=dumb')).toBe(false);
  });

  const variables = Object.setPrototypeOf({ A: 'b' }, AbortController.prototype) as Record<string, string>;
  test.each<[string, ExecOptions]>([
    ['no limits', { timeoutMs: Infinity, maxBuffer: 0 }],
    ['an environment that is no plain object', { env: variables }],
    ['an aborted signal', { signal: AbortSignal.abort() }],
    ['a terminal', { tty: { rows: 1, columns: 2, term: undefined }, cwd: undefined }],
    ['a stream', { input: Readable.from(['a']) }],
    ['bytes', { input: Buffer.from('a') }],
  ])('can have %s', (_, options) => {
    expect(parseCommand(['ls'], options)).toEqual(options);
  });

  test('leaves out variables that are undefined', () => {
    const body = encoded(['env'], { env: { KNOWN: 'x', UNKNOWN: undefined } });
    expect(body.includes('KNOWN=x')).toBe(true);
    expect(body.includes('UNKNOWN')).toBe(false);
  });

  test('encodes a size as rows and columns', () => {
    expect(encodeSize({ rows: 24, columns: 80 })).toEqual(Buffer.from([24, 0, 80, 0]));
  });
});

describe('encodeConfiguration', () => {
  test.each<[string, GuestConfiguration]>([
    ['hostname', { hostname: 'a b' }],
    ['hostname', { hostname: 'x'.repeat(65) }],
    ['modules[0]', { modules: ['../x'] }],
    ['network[0].mac', { network: [{ mac: 'x' }] }],
    ['network[0].addresses[0]', { network: [{ mac: MAC, addresses: ['10.0.2.15'] }] }],
    ['network[0].addresses[1]', { network: [{ mac: MAC, addresses: ['10.0.2.15/24', '10.0.2.15/33'] }] }],
    ['network[0].addresses[0]', { network: [{ mac: MAC, addresses: ['fd00::1/129'] }] }],
    ['network[0].gateways[0]', { network: [{ mac: MAC, gateways: ['gateway'] }] }],
    ['network[0].dns[0]', { network: [{ mac: MAC, dns: ['1.1.1'] }] }],
    ['network[0].search[0]', { network: [{ mac: MAC, search: ['a b'] }] }],
    ['network[0].mtu', { network: [{ mac: MAC, mtu: 10 }] }],
    ['clockMs', { clockMs: -1 }],
    ['clockMs', { clockMs: 1e300 }],
    ['entropy', { entropy: new Uint8Array(0) }],
    ['entropy', { entropy: new Uint8Array(1025) }],
  ])('names an invalid %s', (field, configuration) => {
    expect(() => encodeConfiguration(configuration)).toThrow(
      expect.objectContaining({ constructor: InvalidInputError, field }) as Error,
    );
  });

  test('keeps a millisecond exact in nanoseconds', () => {
    const clockMs = 1_800_000_000_123;
    const time = readFields(encodeConfiguration({ clockMs }))?.get(Tag.time);
    expect(time?.readBigUInt64LE(0)).toBe(1_800_000_000_123_000_000n);
  });
});
