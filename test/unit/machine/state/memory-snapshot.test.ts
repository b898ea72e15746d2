import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listenAsMonitor } from '../../../../fixtures/qmp/played-monitor.ts';
import { saveLiveSnapshot } from '../../../../src/machine/state/memory-snapshot.ts';
import { QmpClient } from '../../../../src/qmp/index.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();

test('a failed snapshot has the message of QEMU, also if the name by which it opened the disk is gone', async () => {
  await using scope = new Scope();
  const socket = join(directory, 'qmp.sock');
  const disk = {
    'node-name': 'disk0',
    image: { filename: join(directory, 'gone/lent-1'), format: 'qcow2', 'virtual-size': 0 },
  };
  const answers = { 'query-named-block-nodes': [disk] };
  await listenAsMonitor(socket, scope, { answers, jobError: 'Input/output error' });
  await using qmp = await QmpClient.connect(socket);
  await expect(saveLiveSnapshot(qmp, ['disk0'], 'one')).rejects.toMatchObject({
    code: 'VMLET_QMP_JOB',
    message: 'snapshot-save failed: Input/output error',
  });
});
