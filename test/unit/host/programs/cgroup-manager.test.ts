import { expect, it } from 'vitest';
import { InvalidInputError } from '../../../../src/errors/index.ts';
import { type CgroupAbility, cgroupFor } from '../../../../src/host/programs/cgroup-manager.ts';
import { inCgroup } from '../../../../src/process/confine/cgroup.ts';

const ability: CgroupAbility = {
  usable: true,
  systemdRun: '/usr/bin/systemd-run',
  manager: { kind: 'user', runtimeDirectory: '/run/user/1000' },
  controllers: ['cpu', 'memory'],
};

it('wraps a program in a scope of the user’s systemd, with an empty environment', () => {
  const cgroup = cgroupFor({ cpus: 1.5, memoryBytes: 4096 }, 'm', ability);
  expect(inCgroup(cgroup, ['/usr/bin/qemu', '-S'])).toEqual([
    ...['/usr/bin/env', '-i', 'XDG_RUNTIME_DIR=/run/user/1000', '/usr/bin/systemd-run', '--user'],
    ...['--scope', '--quiet', '--collect', '--description=vmlet m'],
    ...['--property', 'CPUQuota=150%', '--property', 'MemoryMax=4096', '--property', 'MemorySwapMax=0'],
    ...['--', '/usr/bin/env', '-i', '/usr/bin/qemu', '-S'],
  ]);
});

it('asks the host’s systemd for root', () => {
  const cgroup = cgroupFor({ cpus: 0.25 }, 'm', { ...ability, manager: { kind: 'system' } });
  expect(inCgroup(cgroup, ['x'])).toEqual([
    ...['/usr/bin/env', '-i', '/usr/bin/systemd-run', '--scope', '--quiet', '--collect'],
    ...['--description=vmlet m', '--property', 'CPUQuota=25%', '--', '/usr/bin/env', '-i', 'x'],
  ]);
});

it('leaves a command line without limits unchanged', () => {
  expect(inCgroup(undefined, ['x', 'y'])).toEqual(['x', 'y']);
});

it('rejects limits that cannot be enforced here', () => {
  const none: CgroupAbility = { usable: false, reason: 'cgroup v2 is not mounted', remedy: 'mount it' };
  const refusal = { field: 'limits', hint: expect.stringMatching(/^mount it; or omit --limit /) as string };
  expect(() => cgroupFor({ cpus: 1 }, 'm', none)).toThrow(InvalidInputError);
  expect(() => cgroupFor({ cpus: 1 }, 'm', none)).toThrow(expect.objectContaining(refusal));
  expect(() => cgroupFor({ memoryBytes: 1 }, 'm', { ...ability, controllers: ['pids'] })).toThrow(
    /systemd lacks these cgroup controllers: memory/,
  );
});
