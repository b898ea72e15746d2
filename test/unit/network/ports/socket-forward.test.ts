import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import {
  type SocketForward,
  checkSocketForward,
  formatSocketForward,
  isSocketText,
  parsePublished,
} from '../../../../src/network/ports/socket-forward.ts';
import { relayTable } from '../../../../src/network/relay/relay-argv.ts';

function refusal(...inputs: string[]): string {
  try {
    parsePublished(inputs);
  } catch (error) {
    if (error instanceof InvalidInputError) return error.message;
    throw error;
  }
  throw new Error(`accepted ${inputs.join(' ')}`);
}

describe('sockets among ports', () => {
  it('are told apart by the beginning of a path', () => {
    const { ports, sockets } = parsePublished(['8080:80', '/run/a.sock:80', '53/udp', '/run/b:c.sock:1/tcp']);
    expect(ports.map(({ guestPort }) => guestPort)).toEqual([80, 53]);
    expect(sockets).toEqual([
      { path: '/run/a.sock', guestPort: 80 },
      { path: '/run/b:c.sock', guestPort: 1 },
    ]);
    expect(parsePublished(sockets.map(formatSocketForward)).sockets).toEqual(sockets);
  });

  it.each(['80/tcp', '8080:80/udp', '[::1]:80:80/tcp', '80/sctp'])('%s is none', (text) => {
    expect(isSocketText(text)).toBe(false);
  });

  it('have one spelling of a path', () => {
    expect(parsePublished(['/run//x/../a.sock:80']).sockets).toEqual([
      { path: '/run/a.sock', guestPort: 80 },
    ]);
  });

  it('errors name the place in the list', () => {
    expect(refusal('/run/a.sock:80', '8080:0')).toContain('ports[1]');
    expect(refusal('8080:80', '/run/a.sock:0')).toContain('ports[1]');
  });

  it.each([
    ['/run/a.sock', 'expected /path/to.sock:PORT'],
    ['/run/a.sock:', 'expected /path/to.sock:PORT'],
    ['/run/a.sock:65536', 'expected /path/to.sock:PORT'],
    ['/run/a.sock:80/udp', 'a socket can be forwarded only to a TCP port'],
    ['./a.sock:80', 'is not an absolute path'],
    ['~/a.sock:80', 'is not an absolute path'],
    ['/run/:80', 'invalid socket path "/run/"'],
    [`/${'x'.repeat(107)}:80`, '108 bytes (limit: 107)'],
  ])('%s is rejected', (text, problem) => {
    expect(refusal(text)).toContain(problem);
  });

  it('a path of 107 bytes is accepted, and none twice', () => {
    const path = `/${'x'.repeat(106)}`;
    expect(parsePublished([`${path}:80`]).sockets).toEqual([{ path, guestPort: 80 }]);
    expect(refusal(`${path}:80`, `${path}:81`)).toContain('is given twice');
  });

  it('32 are accepted, as many as the keeper serves', () => {
    const inputs = Array.from({ length: 33 }, (_, number) => `/run/${number}:80`);
    expect(parsePublished(inputs.slice(1)).sockets).toHaveLength(32);
    expect(refusal(...inputs)).toContain('a machine can forward at most 32');
  });
});

it('the table of relays has three words for each forward', () => {
  const port = {
    protocol: 'tcp',
    hostAddress: '::1',
    hostPort: 8080,
    guestPort: 80,
    ephemeral: false,
  } as const;
  expect(relayTable({ sockets: [{ path: '/run/a b.sock', guestPort: 81 }], ports: [port] })).toBe(
    '/run/a b.sock\0' + '0\0' + '81\0' + '::1\0' + '8080\0' + '80\0',
  );
  expect(relayTable({ sockets: [], ports: [] })).toBe('');
});

describe('a socket as an object', () => {
  it('has one spelling of its path', () => {
    expect(checkSocketForward({ path: '/run//a.sock', guestPort: 65_535 })).toEqual({
      path: '/run/a.sock',
      guestPort: 65_535,
    });
  });

  it.each([
    ['path', { path: 'a.sock', guestPort: 80 }],
    ['path', { path: `/${'x'.repeat(107)}`, guestPort: 80 }],
    ['path', { guestPort: 80 }],
    ['guestPort', { path: '/run/a.sock', guestPort: 99_999 }],
    ['guestPort', { path: '/run/a.sock', guestPort: '80' }],
    ['port', { path: '/run/a.sock', guestPort: 80, port: 80 }],
    ['socket', '/run/a.sock:80'],
  ])('is rejected for an invalid %s', (field, socket) => {
    expect(() => checkSocketForward(socket as SocketForward)).toThrow(
      expect.objectContaining({ constructor: InvalidInputError, field }) as Error,
    );
  });
});
