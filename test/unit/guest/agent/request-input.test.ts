import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { encodeCommand, encodeSize } from '../../../../src/guest/agent/command.ts';
import { type GuestConfiguration, encodeConfiguration } from '../../../../src/guest/agent/configuration.ts';
import { Tag, readFields } from '../../../../src/guest/agent/fields.ts';

const MAC = '52:54:00:12:34:56';

describe('encodeCommand', () => {
  test.each([
    ['argv', [], {}],
    ['argv', 'ls -l' as unknown as string[], {}],
    ['argv[1]', ['ls', 'a\0b'], {}],
    ['argv[0]', ['\ud800'], {}],
    ['env', ['ls'], { env: { 'A=B': 'c' } }],
    ['env', ['ls'], { env: { '': 'c' } }],
    ['env.A', ['ls'], { env: { A: '\0' } }],
    ['cwd', ['ls'], { cwd: '\0' }],
    ['user', ['ls'], { user: 'a\0' }],
    ['stdin', ['ls'], { stdin: 'pipe', input: 'x' }],
    ['rows', ['ls'], { tty: { rows: -1, columns: 1 } }],
    ['columns', ['ls'], { tty: { rows: 1, columns: 65536 } }],
  ] as const)('names an invalid %s', (field, argv, options) => {
    expect(() => encodeCommand(argv, options)).toThrow(
      expect.objectContaining({ constructor: InvalidInputError, field }) as Error,
    );
  });

  test('prefers the terminal’s TERM to the environment’s', () => {
    const body = encodeCommand(['ls'], {
      env: { TERM: 'dumb' },
      tty: { rows: 1, columns: 2, term: 'xterm' },
    });
    expect(body.includes('TERM=xterm')).toBe(true);
    expect(body.includes('TERM=dumb')).toBe(false);
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
