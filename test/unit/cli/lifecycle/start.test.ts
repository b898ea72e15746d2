import { afterEach, expect, test, vi } from 'vitest';
import type { LiveMachine } from '../../../../src/machines/index.ts';
import { sayOutsideUnit, sayStarted } from '../../../../src/cli/lifecycle/start.ts';

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

test.each([true, false])('outside of its unit: %s: says how to run it there', async (isOutside) => {
  // A machine that systemd is starting is in its unit, also for a start by another process, and the reverse.
  vi.stubEnv('NOTIFY_SOCKET', isOutside ? '/run/systemd/notify' : undefined);
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await sayOutsideUnit({ name: 'web', runsOutsideUnit: async () => Promise.resolve(isOutside) });
  const said = write.mock.calls.join('');
  expect(said.includes('systemctl --user start vmlet-web')).toBe(isOutside);
  expect(said === '').toBe(!isOutside);
});

test('a start says which host ports were chosen, except for the forward that vmlet adds', () => {
  const forward = { protocol: 'tcp', hostAddress: '127.0.0.1', guestPort: 22, ephemeral: true } as const;
  const ports = [
    { ...forward, hostPort: 40_022 },
    { ...forward, hostPort: 40_023, automatic: true },
    { ...forward, hostPort: 8080, guestPort: 80, ephemeral: false },
  ] as const;
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const machine = { name: 'web', ports: () => ports, failedMounts: () => [], spec: { guestIdentity: 'own' } };
  sayStarted(machine as unknown as LiveMachine);
  expect(write.mock.calls.join('').match(/127\.0\.0\.1:\d+\S* to port \d+/g)).toEqual([
    '127.0.0.1:40022/tcp to port 22',
  ]);
});
