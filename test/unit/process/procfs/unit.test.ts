import { expect, test } from 'vitest';
import { isInUnit, nameUnit } from '../../../../src/process/procfs/unit.ts';

const SERVICE = 'user.slice/user-1000.slice/user@1000.service/app.slice/vmlet-web.service';

test.each([
  [`0::/${SERVICE}\n`, true],
  [`0::/${SERVICE}/part\n`, true],
  [`12:pids:/user.slice\n1:name=systemd:/${SERVICE}\n0::/\n`, true],
  ['0::/user.slice/user-1000.slice/session-3.scope\n', false],
  ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/vmlet-web2.service\n', false],
  ['0::/\n', false],
])('%j names the unit: %s', (cgroups, expected) => {
  expect(nameUnit(cgroups, 'vmlet-web.service')).toBe(expected);
});

test('a process that has ended is in no unit', () => {
  expect(isInUnit(process.pid, 'vmlet-none.service')).toBe(false);
  // Greater than any process ID (proc(5), pid_max).
  expect(isInUnit(2 ** 22 + 1, 'vmlet-none.service')).toBeUndefined();
});
