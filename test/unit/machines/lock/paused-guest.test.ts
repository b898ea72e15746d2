import { expect, test } from 'vitest';
import { refusePaused } from '../../../../src/machines/lock/paused-guest.ts';
import type { MachineStatus } from '../../../../src/machines/record/machine-status.ts';

const refused = (state: string) => (): void => {
  refusePaused('web', { kind: 'running', state } as MachineStatus, 'release its network card');
};

test('a guest whose processors do not run cannot release a device', () => {
  expect(refused('paused')).toThrow('machine "web" is paused, so its guest cannot release its network card');
  expect(refused('io-error')).toThrow(expect.objectContaining({ code: 'VMLET_MACHINE_STATE' }) as Error);
  expect(refused('running')).not.toThrow();
  expect(() => refusePaused('web', { kind: 'created' }, 'release it')).not.toThrow();
});
