import { describe, expect, it } from 'vitest';
import type { BoundForward } from '../../../../src/network/ports/port.ts';
import { urlOf } from '../../../../src/testing/guests/published.ts';

function forward(guestPort: number, hostAddress: string, protocol: 'tcp' | 'udp' = 'tcp'): BoundForward {
  return { guestPort, hostAddress, hostPort: guestPort + 10_000, protocol, ephemeral: true };
}

describe('the URL of a published port', () => {
  const ports = [
    forward(80, '127.0.0.1'),
    forward(443, '0.0.0.0'),
    forward(8080, '::1'),
    forward(53, '127.0.0.1', 'udp'),
  ];

  it.each([
    [80, undefined, 'http://127.0.0.1:10080/'],
    [80, '/a?b=c', 'http://127.0.0.1:10080/a?b=c'],
    [443, undefined, 'https://127.0.0.1:10443/'],
    [8080, undefined, 'http://[::1]:18080/'],
  ])('of %i with the path %s', (port, path, url) => {
    expect(urlOf(ports, port, path)).toBe(url);
  });

  it('names the published ports if this one is not', () => {
    expect(() => urlOf(ports, 53)).toThrow(/guest port 53\/tcp is not published; published ports: .*53\/udp/);
    expect(() => urlOf([], 80)).toThrow(/no published ports/);
  });

  it('rejects a path without a slash', () => {
    expect(() => urlOf(ports, 80, 'a')).toThrow(/expected a leading slash/);
  });
});
