import { beforeEach, expect, test } from 'vitest';
import { RunningMachines } from '../../../../../src/cli/server/live/running-machines.ts';
import type { MachineStore } from '../../../../../src/machines/index.ts';

let status: object | undefined;
let reads: number;
let machines: RunningMachines;

beforeEach(() => {
  reads = 0;
  const get = (): object => {
    reads++;
    if (status === undefined) throw new Error('no such machine');
    return { status: () => status ?? { kind: 'created' }, live: () => ({ read: reads }) };
  };
  machines = new RunningMachines({ get } as unknown as MachineStore);
});

const running = (startedAt: number): object => ({ kind: 'running', startedAt: new Date(startedAt) });

test('the definition of a machine is read once for each run', () => {
  status = running(1);
  const live = machines.find('web').live();
  status = { ...running(1), state: 'paused' };
  expect(machines.find('web').status).toBe(status);
  expect(machines.find('web').live()).toBe(live);
  expect(reads).toBe(1);
  status = running(2);
  expect(machines.find('web').live()).toEqual({ read: 2 });
  expect(machines.find('web').live()).toEqual({ read: 2 });
});

test('a machine that does not run is looked up each time', () => {
  status = { kind: 'stopped' };
  machines.find('web');
  machines.find('web');
  expect(reads).toBe(2);
});

test('a machine that was removed is not remembered', () => {
  status = running(1);
  machines.find('web');
  status = undefined;
  expect(() => machines.find('web')).toThrow('no such machine');
  status = running(1);
  expect(machines.find('web').live()).toEqual({ read: 3 });
});
