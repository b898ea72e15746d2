import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../../directory.ts';
import { BrokenMachineError, InvalidInputError } from '../../../../src/errors/index.ts';
import { readEarlierForwards } from '../../../../src/machines/plan/machine-network.ts';
import { readPlan } from '../../../../src/machines/record/machine-plan-file.ts';
import { parseMachineSpec } from '../../../../src/machines/spec/machine-spec.ts';
import { parseRunRecord } from '../../../../src/machines/record/run-record.ts';
import { readSshRecord } from '../../../../src/machines/record/ssh-record.ts';

const directory = temporaryDirectory();

test('an invalid record is named in a VmletError', () => {
  mkdirSync(join(directory, 'web', 'ssh'), { recursive: true });
  const ssh = join(directory, 'web', 'ssh');
  for (const text of ['', '{', 'null', '[]', '{"provisionedFor":5}']) {
    writeFileSync(join(ssh, 'record.json'), text);
    expect(() => readSshRecord(ssh)).toThrow(BrokenMachineError);
    expect(() => readSshRecord(ssh)).toThrow(
      `machine "web" is broken: ${join(ssh, 'record.json')} is invalid`,
    );
  }
});

test('an unreadable plan of an earlier start does not prevent a start, and is reported where it is needed', () => {
  const files = { directory: join(directory, 'web'), plan: join(directory, 'plan.json') };
  expect(() => readPlan(files)).toThrow(`${files.plan} is missing`);
  for (const text of ['null', '{"network":{"forwards":[null]}}', '{"rootPorts":5}']) {
    writeFileSync(files.plan, text);
    expect(readEarlierForwards(files)).toEqual([]);
    expect(() => readPlan(files)).toThrow(BrokenMachineError);
  }
});

test('a start keeps the ports of a plan whose other parts are unreadable', () => {
  const files = { directory: join(directory, 'web'), plan: join(directory, 'partly.json') };
  const forward = { protocol: 'tcp', hostAddress: '127.0.0.1', hostPort: 40_001, guestPort: 22 };
  writeFileSync(files.plan, JSON.stringify({ network: { forwards: [forward] }, rootPorts: 5 }));
  expect(readEarlierForwards(files)).toEqual([forward]);
  expect(() => readPlan(files)).toThrow(BrokenMachineError);
});

test('an endless chain of layers is rejected', () => {
  const layers = 20_000;
  const backing = '{"path":"/x","format":"raw","backing":'.repeat(layers) + 'null' + '}'.repeat(layers);
  const text = `{"version":1,"disks":[{"name":"disk0","backing":${backing}}]}`;
  expect(() => parseMachineSpec(text, 'spec.json')).toThrow(InvalidInputError);
});

test('an invalid date is rejected', () => {
  const keeper = { pid: 1, startTime: 1 };
  const run = { version: 1, bootId: 'x', keeper, qemu: null, helpers: {}, state: 'running' };
  expect(() => parseRunRecord(JSON.stringify({ ...run, startedAt: 1e300 }))).toThrow('startedAt');
});
