import { afterAll, beforeAll, expect, it } from 'vitest';
import { probeCloudInit } from '../../src/guest/cloud-init/cloud-init-probe.ts';
import { type Machine, launch } from '../../src/index.ts';

const BEGUN = JSON.stringify({ v1: { stage: 'modules-final' } });
const ENDED = JSON.stringify({ v1: { errors: [] } });
const LOG = `running 'init-local'
Running module growpart (<module ...>)
growpart has ended
`;
/** It starts, and has a unit that failed. */
const STARTING = `#!/bin/sh
echo "$1" >>/run/asked
if [ "$1" = is-system-running ]; then echo starting; else echo cloud-config.service loaded failed failed; fi
`;
/** The last moment of the boot: cloud-init writes its result, and systemd is done. */
const SYSTEMCTL = `#!/bin/sh
[ "$1" = is-system-running ] || exit 0
printf '%s' '${ENDED}' >/run/cloud-init/result.json
echo running
`;

let vm: Machine;
beforeAll(async () => {
  vm = await launch({ image: 'micro', net: 'none', kept: 'use' });
  await vm.exec(['mkdir', '-p', '/run/systemd/system']);
  await vm.push(BEGUN, '/run/cloud-init/status.json', { parents: true });
});
afterAll(async () => vm.kill());

async function beSystemctl(script: string): Promise<void> {
  await vm.push(script, '/usr/bin/systemctl', { parents: true, mode: 0o755 });
}

// Each program that it runs delays the boot.
it('does not ask for failed units before the end, and finds the module that runs', async () => {
  await beSystemctl(STARTING);
  await vm.push(LOG, '/var/log/cloud-init.log', { parents: true });
  await vm.push('first\0line\nlast line\n', '/var/log/cloud-init-output.log');
  expect(await probeCloudInit(vm)).toMatchObject({
    ...{ state: 'running', stage: 'modules-final', module: 'growpart' },
    output: ['firstline', 'last line'],
  });
  expect((await vm.readFile('/run/asked')).toString()).toBe('is-system-running\n');

  await vm.push(ENDED, '/run/cloud-init/result.json');
  expect(await probeCloudInit(vm)).toMatchObject({
    state: 'failed',
    problems: [{ problem: 'cloud-config.service failed without reporting a reason' }],
  });
  await vm.exec(['rm', '/run/cloud-init/result.json']);
});

it('does not report a cloud-init as broken that exits while it is probed', async () => {
  await beSystemctl(SYSTEMCTL);
  expect(await probeCloudInit(vm)).toMatchObject({ state: 'done', problems: [] });
});
