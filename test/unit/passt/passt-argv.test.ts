import { expect, test } from 'vitest';
import { planNetwork } from '../../../src/network/plan/network.ts';
import type { BoundForward } from '../../../src/network/ports/port.ts';
import { passtArguments, pestoCommand } from '../../../src/passt/passt-argv.ts';

const forward = (protocol: 'tcp' | 'udp', hostPort: number): BoundForward => ({
  ...{ protocol, hostAddress: '127.0.0.1', hostPort, guestPort: 80, ephemeral: false },
});
const control = { pesto: '/usr/bin/pesto', socketPath: '/m/keeper/passt.sock' };

test('passt listens for pesto only where that can be used', () => {
  const plan = planNetwork(
    'passt-stream',
    [],
    { path: '/usr/bin/passt' },
    { ipv6Interface: undefined, nameservers: [] },
  );
  expect(passtArguments({ ...plan, forwards: [] })).not.toContain('--conf-path');
  const words = passtArguments({ ...plan, control, forwards: [] });
  expect(words[words.indexOf('--conf-path') + 1]).toBe('/m/keeper/passt.sock');
});

test('pesto adds and deletes forwards of both protocols', () => {
  expect(pestoCommand(control, 'add', [forward('udp', 53), forward('tcp', 8080)])).toEqual([
    ...['/usr/bin/pesto', '--add', '--tcp-ports', '127.0.0.1/8080:80', '--udp-ports', '127.0.0.1/53:80'],
    '/m/keeper/passt.sock',
  ]);
  expect(pestoCommand(control, 'delete', [forward('tcp', 8080)])).toEqual([
    ...['/usr/bin/pesto', '--delete', '--tcp-ports', '127.0.0.1/8080:80', '/m/keeper/passt.sock'],
  ]);
});
