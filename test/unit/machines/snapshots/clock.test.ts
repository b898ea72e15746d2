import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listenAsClock } from '../../../../fixtures/agent/played-agent.ts';
import { listenAsMonitor } from '../../../../fixtures/qmp/played-monitor.ts';
import { createMachineSnapshot } from '../../../../src/machines/snapshots/snapshots.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { temporaryDirectory } from '../../../directory.ts';
import { countAsRunning, storedDisk, storedMachine } from '../stored-machine.ts';

const directory = temporaryDirectory();

test.each([
  ['succeeds', undefined],
  ['fails', 'No space left on device'],
])('a snapshot with memory pauses the guest, whose clock is then set: it %s', async (_how, jobError) => {
  await using scope = new Scope();
  const stored = storedMachine(directory, { disks: [storedDisk('disk0')] });
  const { locations, definition } = stored;
  countAsRunning(stored, {
    memoryBytes: 2 ** 29,
    boot: { kind: 'disk' },
    disks: [{ nodeName: 'disk0', readOnly: false }],
  });
  const { files } = definition;
  mkdirSync(files.sockets, { recursive: true });
  const image = { filename: join(files.storage, 'disk0.qcow2'), format: 'qcow2', 'virtual-size': 0 };
  const answers = {
    'query-status': { running: true, status: 'running' },
    'query-chardev': [{ label: 'agent', filename: 'unix', 'frontend-open': true }],
    'query-named-block-nodes': [{ 'node-name': 'disk0', image }],
    'qom-get': 'q35-machine',
  };
  for (const socket of [files.monitorSocket, files.shellSocket]) {
    await listenAsMonitor(socket, scope, { answers, ...(jobError !== undefined && { jobError }) });
  }
  const times = await listenAsClock(files.agentSocket, scope);
  const before = Date.now();
  const taken = createMachineSnapshot(locations, 'web', 'one');
  await (jobError === undefined ? taken : expect(taken).rejects.toThrow(jobError));
  expect(times).toEqual([expect.toSatisfy((time: number) => time >= before && time <= Date.now())]);
});
