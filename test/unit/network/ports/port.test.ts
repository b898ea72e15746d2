import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { formatEndpoint } from '../../../../src/network/ports/endpoint.ts';
import {
  type PortForward,
  type PortInput,
  formatPort,
  parsePortForwards,
  parseTcpForward,
  withoutForwards,
} from '../../../../src/network/ports/port.ts';

const forward = (
  guestPort: number,
  hostPort?: number,
  hostAddress = '127.0.0.1',
  protocol: 'tcp' | 'udp' = 'tcp',
): PortForward => ({ protocol, hostAddress, hostPort, guestPort });

function refusal(...ports: PortInput[]): InvalidInputError {
  try {
    parsePortForwards(ports);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(ports)}`);
}

describe('valid ports', () => {
  it.each<[PortInput, PortForward[]]>([
    ['80', [forward(80)]],
    [':80', [forward(80)]],
    ['8080:80', [forward(80, 8080)]],
    ['8080:80/tcp', [forward(80, 8080)]],
    ['5353:53/udp', [forward(53, 5353, '127.0.0.1', 'udp')]],
    ['80/udp', [forward(80, undefined, '127.0.0.1', 'udp')]],
    ['127.0.0.1::80', [forward(80)]],
    ['0.0.0.0:8080:80', [forward(80, 8080, '0.0.0.0')]],
    ['[::1]:8080:80', [forward(80, 8080, '::1')]],
    ['[::]::80', [forward(80, undefined, '::')]],
    ['[2001:DB8:0:0::1]:1:65535', [forward(65535, 1, '2001:db8::1')]],
    ['80-82', [forward(80), forward(81), forward(82)]],
    ['8000-8001:80-81', [forward(80, 8000), forward(81, 8001)]],
    ['127.0.0.2:8000-8000:80', [forward(80, 8000, '127.0.0.2')]],
    [
      '127.0.0.1::80-81/udp',
      [forward(80, undefined, '127.0.0.1', 'udp'), forward(81, undefined, '127.0.0.1', 'udp')],
    ],
    [{ guestPort: 80 }, [forward(80)]],
    [
      { guestPort: 80, hostPort: 8080, hostAddress: '[::1]', protocol: 'udp' },
      [forward(80, 8080, '::1', 'udp')],
    ],
    [{ guestPort: 80, hostAddress: '::1' }, [forward(80, undefined, '::1')]],
    [{ guestPort: 80, protocol: 'tcp' }, [forward(80)]],
  ])('%j', (port, expected) => {
    expect(parsePortForwards([port])).toEqual(expected);
  });
});

describe('invalid ports: the error names the part, the value and a valid form', () => {
  it.each<[PortInput, string, RegExp]>([
    ['', 'ports[0].guestPort', /"": .*1 to 65535/],
    ['0', 'ports[0].guestPort', /"0"/],
    ['65536', 'ports[0].guestPort', /"65536"/],
    ['http', 'ports[0].guestPort', /"http"/],
    ['8080:', 'ports[0].guestPort', /""/],
    ['0:80', 'ports[0].hostPort', /"0".*1 to 65535/],
    ['70000:80', 'ports[0].hostPort', /"70000"/],
    ['-1:80', 'ports[0].hostPort', /"-1"/],
    ['80:80:', 'ports[0].hostAddress', /"80"/],
    ['8010-8000:80-90', 'ports[0].hostPort', /invalid range/],
    ['8000-8010:80', 'ports[0].hostPort', /11 host port\(s\) to 1/],
    ['8000:80-90', 'ports[0].hostPort', /1 host port\(s\) to 11/],
    ['8000-8001-8002:80', 'ports[0].hostPort', /invalid port/],
    ['127.0.0.1:80', 'ports[0].hostPort', /only one port after the address/],
    ['[::1]:80', 'ports[0]', /expected \[\[address/],
    ['[::1:8080:80', 'ports[0]', /expected \[\[address/],
    ['::1:8080:80', 'ports[0]', /too many colons/],
    ['localhost:8080:80', 'ports[0].hostAddress', /"localhost"/],
    [':8080:80', 'ports[0].hostAddress', /""/],
    ['127.1:8080:80', 'ports[0].hostAddress', /"127.1"/],
    ['127.0.0.01:8080:80', 'ports[0].hostAddress', /not an IP address/],
    ['256.0.0.1:8080:80', 'ports[0].hostAddress', /not an IP address/],
    ['[fe80::1]:8080:80', 'ports[0].hostAddress', /link-local/],
    ['[fe80::1%eth0]:8080:80', 'ports[0].hostAddress', /not an IP address/],
    ['[::ffff:127.0.0.1]:8080:80', 'ports[0].hostAddress', /plain IPv4/],
    ['[]:8080:80', 'ports[0].hostAddress', /not an IP address/],
    ['80/sctp', 'ports[0].protocol', /"sctp".*tcp or udp/],
    ['80/', 'ports[0].protocol', /""/],
    ['80/tcp/udp', 'ports[0].protocol', /"tcp\/udp"/],
    [' 80', 'ports[0].guestPort', /" 80"/],
    ['8080:80\n', 'ports[0].guestPort', /"80\\n"/],
    ['8080:٨٠', 'ports[0].guestPort', /invalid port/],
    [{ guestPort: 0 }, 'ports[0].guestPort', /invalid port 0/],
    [{ guestPort: 80, hostPort: 65536 }, 'ports[0].hostPort', /65536/],
    [{ guestPort: 80.5 }, 'ports[0].guestPort', /80\.5/],
    [{ guestPort: 80, hostAddress: 'nowhere' }, 'ports[0].hostAddress', /"nowhere"/],
    [{ hostPort: 80 } as unknown as PortInput, 'ports[0].guestPort', /missing port: /],
    [{ guestPort: 80, protocol: 'sctp' } as unknown as PortInput, 'ports[0].protocol', /"sctp"/],
    [{ guestPort: 80, host: 1 } as unknown as PortInput, 'ports[0]', /host/],
    [null as unknown as PortInput, 'ports[0]', /null/],
  ])('%j', (port, field, message) => {
    const error = refusal(port);
    expect(error.field).toBe(field);
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
  });
});

it.each<[PortInput, string, string]>([
  ['8000-8010:80', '"8000-8010:80" maps 11 host port(s) to 1 guest port(s)', 'leave the host port empty'],
  ['80/sctp', 'invalid protocol "sctp" in "80/sctp"', 'twice: 80/tcp and 80/udp'],
  ['[::1]:80', 'invalid port "[::1]:80": expected [[address:][hostPort]:]guestPort[/tcp|udp]', '"[::1]::80"'],
  ['127.0.0.1:80', 'invalid port "127.0.0.1:80": only one port after the address', 'write "127.0.0.1::80"'],
  ['1:2:3:4', 'invalid port "1:2:3:4": too many colons', '"[::1]:8080:80"'],
  ['localhost:1:2', '"localhost" is not an IP address', 'use 127.0.0.1, which is also the default'],
  ['host:1:2', '"host" is not an IP address', 'use an IP address of this host, not a host name'],
  ['[fe80::1%eth0]:1:2', 'is not an IP address', 'without a zone such as %eth0'],
  ['[::ffff:127.0.0.1]:1:2', 'is an IPv4 address in IPv6 form', 'such as 127.0.0.1'],
  ['[fe80::1]:1:2', 'is a link-local address', 'use [::] to listen'],
  ['0:80', 'invalid port "0" in "0:80"', 'leave the host port empty to get a free port'],
  ['8080:0', 'invalid port "0" in "8080:0"', 'write a port as [[address:]'],
  ['foo', 'invalid port "foo": expected 1 to 65535', 'write a port as [[address:]'],
  ['http:80', 'invalid port "http" in "http:80"', 'write a port as [[address:]'],
  ['/tcp', 'invalid port "" in "/tcp"', 'write a port as [[address:]'],
  ['5-0', 'invalid port "5-0"', 'write a port as [[address:]'],
  ['70000-80', 'invalid port "70000-80"', 'write a port as [[address:]'],
  ['90-80', 'invalid range "90-80"', 'write "80-90"'],
  [
    { guestPort: 0 },
    'invalid port 0: expected at least 1',
    'with ports from 1 to 65535; without hostPort, vmlet chooses a free port',
  ],
])('explains %j, with a hint', (port, problem, hint) => {
  const error = refusal(port);
  expect(error.message).toContain(problem);
  expect(error.hint).toContain(hint);
});

it('names the list, and the entry in it', () => {
  expect(() => parsePortForwards(['80', 'x'], 'publish')).toThrow(/^publish\[1\]\.guestPort: /);
});

it.each([
  ['0-5', 'ports[0].guestPort'],
  ['5-0', 'ports[0].guestPort'],
  ['65535-65536', 'ports[0].guestPort'],
  ['1-123456', 'ports[0].guestPort'],
  ['123456', 'ports[0].guestPort'],
  ['80-', 'ports[0].guestPort'],
  ['/tcp', 'ports[0].guestPort'],
  ['[::1]:1:2:3', 'ports[0]'],
  ['[::1:80:80', 'ports[0]'],
  ['x[::1]:80:80', 'ports[0]'],
  ['[::1]x:80:80', 'ports[0]'],
  ['[127.0.0.1:80:80', 'ports[0]'],
  ['127.0.0.1]:80:80', 'ports[0].hostAddress'],
])('rejects %s by %s', (text, field) => {
  expect(refusal(text).field).toBe(field);
});

it.each(['[::1', '::1]', 'x::1]', '[]', '[127.0.0.1]', ''])('rejects %j as a host address', (hostAddress) => {
  expect(refusal({ guestPort: 80, hostAddress }).field).toBe('ports[0].hostAddress');
});

it('keeps zod’s error as the cause', () => {
  expect(refusal({ guestPort: 0 }).cause).toBeInstanceOf(Error);
});

describe('a forward in words', () => {
  it('has an address with colons in brackets', () => {
    expect(formatPort(forward(80, 8080))).toBe('127.0.0.1:8080:80/tcp');
    expect(formatPort(forward(53, undefined, '::1', 'udp'))).toBe('[::1]::53/udp');
    expect(formatEndpoint('::', 80, 'tcp')).toBe('[::]:80/tcp');
    expect(formatEndpoint('10.0.0.1', 53, 'udp')).toBe('10.0.0.1:53/udp');
  });
});

it('leaves out the forwards that are in another list', () => {
  const bound = (...texts: string[]) =>
    parsePortForwards(texts).map((wanted) => ({
      ...wanted,
      hostPort: wanted.hostPort ?? 0,
      ephemeral: false,
    }));
  const forwards = bound('8080:80', '8080:80/udp', '127.0.0.2:8080:80', '8081:80');
  expect(withoutForwards(forwards, bound('8080:80', '8082:80'))).toEqual(forwards.slice(1));
  expect(withoutForwards(forwards, forwards)).toEqual([]);
});

describe('two entries for one host port', () => {
  it.each<[string, string]>([
    ['8080:80', '8080:81'],
    ['8080:80', '127.0.0.1:8080:80'],
    ['0.0.0.0:8080:80', '192.0.2.1:8080:81'],
    ['192.0.2.1:8080:80', '0.0.0.0:8080:80'],
    ['[::]:8080:80', '[::1]:8080:80'],
    ['8000-8010:80-90', '8005:99'],
  ])('%s and %s collide', (one, other) => {
    const error = refusal('1:1', one, other);
    expect(error.field).toBe('ports[2].hostPort');
    expect(error.message).toMatch(/ and \S+ use the same host port$/);
    expect(error.hint).toContain('leave the host port empty to get a free port');
  });

  it('are distinguished by their positions in the list', () => {
    const error = refusal('1:1', '0.0.0.0:8080:80/udp', '127.0.0.1:8080:80', '127.0.0.2:8080:80', '8080:81');
    expect(error.field).toBe('ports[4].hostPort');
    expect(error.message).toBe(
      'ports[4].hostPort: 127.0.0.1:8080:81/tcp and 127.0.0.1:8080:80/tcp use the same host port',
    );
  });

  it.each<[string, string]>([
    ['8080:80', '8080:80/udp'],
    ['127.0.0.1:8080:80', '127.0.0.2:8080:80'],
    ['0.0.0.0:8080:80', '[::]:8080:80'],
    ['127.0.0.1::80', '127.0.0.1::80'],
  ])('%s and %s do not', (one, other) => {
    expect(parsePortForwards([one, other])).toHaveLength(2);
  });
});

describe('fuzzed with a fixed seed', () => {
  /** A linear congruential generator, so that a failure can be repeated. */
  function randomNumbers(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  it('a formatted port is parsed back to the same', () => {
    const random = randomNumbers(7);
    const addresses = ['127.0.0.1', '0.0.0.0', '::', '::1', '2001:db8::1', 'fec0::f:1', '10.0.0.255'];
    for (let round = 0; round < 5000; round++) {
      const original = forward(
        1 + random(65_535),
        random(3) === 0 ? undefined : 1 + random(65_535),
        addresses[random(addresses.length)],
        random(2) === 0 ? 'tcp' : 'udp',
      );
      expect(parsePortForwards([formatPort(original)])).toEqual([original]);
    }
  });

  it('garbage is rejected or parsed, and throws nothing else', () => {
    const random = randomNumbers(11);
    const pieces = [
      '80',
      '8080',
      '-',
      ':',
      ':',
      '/',
      'tcp',
      'udp',
      '[',
      ']',
      '::1',
      '127.0.0.1',
      '0',
      '\0',
      'é',
      ' ',
    ];
    let accepted = 0;
    for (let round = 0; round < 20_000; round++) {
      const text = Array.from({ length: 1 + random(7) }, () => pieces[random(pieces.length)]).join('');
      try {
        for (const { hostPort, guestPort } of parsePortForwards([text])) {
          expect(guestPort).toBeGreaterThan(0);
          expect(hostPort ?? 1).toBeGreaterThan(0);
          accepted++;
        }
      } catch (error) {
        if (!(error instanceof InvalidInputError)) throw error;
        expect(error.field).toMatch(/^ports\[0\]/);
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('one TCP port', () => {
  it('is a text or an object', () => {
    expect(parseTcpForward('8080:80')).toEqual(forward(80, 8080));
    expect(parseTcpForward({ guestPort: 80 })).toEqual(forward(80));
  });

  it.each<[PortInput, string, string]>([
    ['8080-8081:80-81', 'port', '"8080-8081:80-81" is a range; expected one port'],
    ['80/udp', 'port.protocol', 'invalid protocol "udp" in "80/udp": expected tcp'],
    [
      '0:80',
      'port.hostPort',
      'invalid port "0" in "0:80": expected 1 to 65535, or a range such as 8000-8010',
    ],
    [80 as unknown as PortInput, 'port', 'invalid port 80: expected an object'],
  ])('is not %j', (port, field, problem) => {
    expect(() => parseTcpForward(port)).toThrow(
      expect.objectContaining({ field, message: `${field}: ${problem}` }),
    );
  });
});
