import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { GuestClosedError, GuestMountError, TimedOutError } from '../../../../src/errors/index.ts';
import { locate } from '../../../../src/machine/paths/locations.ts';
import { recordFailedStart } from '../../../../src/machines/record/failed-start.ts';
import { machineFiles } from '../../../../src/machines/record/machine-files.ts';
import { describeStatus, readStatus } from '../../../../src/machines/record/machine-status.ts';
import { temporaryDirectory } from '../../../directory.ts';

const directory = temporaryDirectory();
const files = machineFiles(locate({ XDG_RUNTIME_DIR: directory }, directory, 0), 'web', '00000000');
const killed = {
  exitCode: null,
  signal: 9,
  sentSignal: 9,
  negotiated: true,
  fatalRunState: null,
  events: [],
};

it('explains the end of a machine that was killed during its start, until the end of its next run', () => {
  mkdirSync(files.directory, { recursive: true });
  const end = (startedAt: number): void =>
    writeFileSync(files.end, JSON.stringify({ version: 1, startedAt, endedAt: startedAt + 1, ...killed }));
  const described = (): string => describeStatus(readStatus(files));
  end(0);
  expect(described()).toBe('QEMU was killed by SIGKILL');
  recordFailedStart(files, new GuestClosedError('the connection to the guest agent was closed'));
  expect(described()).toBe('QEMU was killed by SIGKILL');
  recordFailedStart(files, new GuestMountError('/x', 'EACCES', 'permission denied (EACCES)'));
  expect(described()).toBe('its start failed: cannot mount /x: permission denied (EACCES)');
  expect(readStatus(files)).toMatchObject({ outcome: { kind: 'killed' }, endedAt: new Date(1) });
  end(2);
  expect(described()).toBe('QEMU was killed by SIGKILL');
});

it('leaves the reason to a machine that was not ended by vmlet', () => {
  const end = { version: 1, startedAt: 3, endedAt: 4, ...killed, sentSignal: null };
  writeFileSync(files.end, JSON.stringify(end));
  const described = describeStatus(readStatus(files));
  recordFailedStart(files, new TimedOutError('starting machine "web"', 1000));
  expect(describeStatus(readStatus(files))).toBe(described);
  expect(described).toContain('which vmlet did not send');
});
