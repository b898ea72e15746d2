import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import {
  GuestClosedError,
  KeeperEndedError,
  LaunchError,
  TimedOutError,
} from '../../../../../src/errors/index.ts';
import type { NamedPlan } from '../../../../../src/machine/plan/named-plan.ts';
import {
  explainLoss,
  explainSlowStart,
  explainStart,
} from '../../../../../src/machines/run/start/start-failure.ts';
import { temporaryDirectory } from '../../../../directory.ts';
import { storedMachine } from '../../stored-machine.ts';

const { definition } = storedMachine(temporaryDirectory());

function logOfQemu(line: string): void {
  mkdirSync(dirname(definition.files.qemuLog), { recursive: true });
  writeFileSync(definition.files.qemuLog, `${line}\n`);
}

it('a QEMU that does not respond is reported with its last lines, not with the name of its log', () => {
  logOfQemu('waiting for a device');
  const late = new TimedOutError('starting the machine', 60_000);
  const error = explainSlowStart(late, definition, { reports: [{ kind: 'started' }] as never });
  expect(error).toMatchObject({
    message: 'starting machine "web" timed out after 60 s\n  waiting for a device',
    hint: 'QEMU started, but does not respond: check its last output and the load of the host',
  });
});

it('the cause of a failed start has the same advice, but none on the machine', async () => {
  logOfQemu('qemu: cannot set up guest memory: Cannot allocate memory');
  const end = new KeeperEndedError({ busy: false, status: { exitCode: 1, signal: undefined } }, []);
  const plan = { disks: [], volumes: [] } as unknown as NamedPlan;
  const error = await explainStart(end, definition, plan, { reports: [] });
  const hint = "reduce the guest's memory (--memory): the host does not have enough free memory";
  expect(error).toBeInstanceOf(LaunchError);
  const { message, cause } = error as LaunchError;
  expect(error).toMatchObject({
    hint: `${hint}; to change options of the machine, run: vmlet set web OPTION VALUE`,
  });
  expect(cause).toBeInstanceOf(LaunchError);
  expect(cause).toMatchObject({ message, hint, cause: end });
});

it('a machine that another command ends during its start is reported with its end', async () => {
  const { pid } = spawnSync('true');
  const closed = new GuestClosedError(
    'the connection to the guest agent was closed before the agent answered',
  );
  const end = { version: 1, startedAt: 0, endedAt: 1, exitCode: null, signal: 9, sentSignal: 9 };
  const rest = { negotiated: true, fatalRunState: null, events: [] };
  writeFileSync(definition.files.end, JSON.stringify({ ...end, ...rest }));
  expect(await explainLoss(closed, definition, { pid })).toMatchObject({
    code: 'VMLET_MACHINE_ENDED',
    message: 'the machine has ended: QEMU was killed by SIGKILL (machine "web")',
    cause: closed,
  });
  const other = new TimedOutError('waiting for the guest agent', 1000);
  expect(await explainLoss(other, definition, { pid })).toBe(other);
});
