import { expect, it } from 'vitest';
import { probeCloudInit } from '../../src/guest/cloud-init/cloud-init-probe.ts';
import { launch } from '../../src/index.ts';

const BEGUN = JSON.stringify({ v1: { stage: 'modules-final' } });
const ENDED = JSON.stringify({ v1: { errors: [] } });
/** The last moment of the boot: cloud-init writes its result, and systemd is done. */
const SYSTEMCTL = `#!/bin/sh
[ "$1" = is-system-running ] || exit 0
printf '%s' '${ENDED}' >/run/cloud-init/result.json
echo running
`;

it('does not report a cloud-init as broken that exits while it is probed', async () => {
  await using vm = await launch({ image: 'micro', net: 'none', kept: 'use' });
  await vm.push(SYSTEMCTL, '/usr/bin/systemctl', { parents: true, mode: 0o755 });
  await vm.push(BEGUN, '/run/cloud-init/status.json', { parents: true });
  await vm.exec(['mkdir', '-p', '/run/systemd/system']);
  expect(await probeCloudInit(vm)).toMatchObject({ state: 'done', problems: [] });
});
