import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { listenAsClock } from '../../../../fixtures/agent/played-agent.ts';
import { listenAsMonitor } from '../../../../fixtures/qmp/played-monitor.ts';
import { tellMissed } from '../../../../src/machine/network/tell-members.ts';
import { machineSockets } from '../../../../src/machine/paths/directory.ts';
import { Scope } from '../../../../src/util/scope.ts';
import { makeTemporaryDirectory } from '../../../directory.ts';

let scope: Scope, directory: string;
let isPaused: boolean;
/** The times in milliseconds that the guest was given. */
let times: readonly number[];

beforeEach(async () => {
  scope = new Scope();
  isPaused = false;
  const { path, remove } = makeTemporaryDirectory();
  scope.defer(remove);
  directory = path;
  mkdirSync(join(path, 'machines/web'), { recursive: true });
  writeFileSync(join(path, 'machines/web/spec.json'), JSON.stringify({ networks: [] }));
  writeFileSync(join(path, 'machines/web/plan.json'), JSON.stringify({ directory: { sockets: path } }));
  const { monitorSocket, agentSocket } = machineSockets(path);
  const answers = {
    get 'query-status'() {
      return { running: !isPaused, status: isPaused ? 'paused' : 'running' };
    },
    'query-chardev': [{ label: 'agent', filename: 'unix', 'frontend-open': true }],
  };
  await listenAsMonitor(monitorSocket, scope, { answers });
  times = await listenAsClock(agentSocket, scope);
});
afterEach(async () => scope.close());

const tell = async (): Promise<void> =>
  tellMissed(
    { machines: join(directory, 'machines'), networks: join(directory, 'networks') },
    'web',
    undefined,
  );

describe('a machine that was paused, or whose memory is of an earlier time', () => {
  test('gets the time of the host, also without networks', async () => {
    const before = Date.now();
    await tell();
    expect(times).toHaveLength(1);
    expect(times[0]).toBeGreaterThanOrEqual(before);
    expect(times[0]).toBeLessThanOrEqual(Date.now());
  });

  test('is not waited for while it is paused', async () => {
    isPaused = true;
    await tell();
    expect(times).toEqual([]);
  });
});
