import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bootSectors } from '../../../fixtures/guests/boot-sectors.ts';
import { LaunchError } from '../../../src/errors/index.ts';
import { launch } from '../../../src/index.ts';
import { MachineStore } from '../../../src/machines/index.ts';
import type { QmpClient } from '../../../src/qmp/index.ts';
import { environmentIn, temporaryDirectory } from '../../directory.ts';
import { vmlet } from '../../e2e/command.ts';

const directory = temporaryDirectory();
const image = join(directory, 'hang.raw');
writeFileSync(image, bootSectors.hang);
const options = { image, until: 'running', net: 'none', memory: '32M', accel: 'tcg' } as const;

/** The processor that QEMU reports. */
async function processorOf(qmp: QmpClient): Promise<unknown> {
  const [processor] = await qmp.execute('query-cpus-fast');
  return qmp.execute('qom-get', { path: processor?.['qom-path'] ?? '', property: 'type' });
}

it('a machine has the requested processor', async () => {
  await using machine = await launch({ ...options, cpu: 'Nehalem' });
  expect(await processorOf(machine.qmp)).toBe('Nehalem-x86_64-cpu');
});

it('the default under TCG is every feature that QEMU emulates', async () => {
  await using machine = await launch(options);
  expect(await processorOf(machine.qmp)).toBe('max-x86_64-cpu');
});

it('an unknown processor model is named, with the command that lists them', async () => {
  const error: unknown = await launch({ ...options, cpu: 'Pentium-9' }).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(LaunchError);
  expect(error).toMatchObject({ hint: expect.stringContaining('-cpu help') as unknown });
});

it('a named machine keeps its processor, and changes it at its next start', async () => {
  const store = new MachineStore(environmentIn(directory));
  const machine = await store.create({
    name: 'old',
    image,
    net: 'none',
    memory: '64M',
    accel: 'tcg',
    cpu: 'Nehalem',
  });
  try {
    expect(machine.spec.cpu).toBe('Nehalem');
    const live = await machine.start();
    expect(await live.qmp(processorOf)).toBe('Nehalem-x86_64-cpu');
    const { differences } = await machine.set({ cpu: 'auto' });
    expect(differences).toEqual([{ field: 'cpu', from: 'Nehalem', to: 'auto', takesEffect: 'next start' }]);
  } finally {
    await store.remove('old', { force: true, storage: true });
  }
});

it.each([
  [['run', '--dry-run', '--cpu', 'Nehalem', '--accel', 'tcg', image], /-cpu Nehalem/],
  [['create', 'm', '--dry-run', '--cpu', 'Nehalem', '--image', image], /"cpu": "Nehalem"/],
] as const)('vmlet %j reports it', async (words, output) => {
  const { stdout, stderr } = await vmlet(...words);
  expect(stdout, stderr).toMatch(output);
});

it.each([
  [['run', '--cpu', '2', image], 'cpu: "2": expected the name of a processor model, or auto'],
  [['create', 'm', '--cpu', 'max,+vmx', '--image', image], 'cpu: "max,+vmx": expected the name'],
  [['run', '--cpu', 'host', '--accel', 'tcg', image], 'cpu: "host" requires KVM'],
  [['template', 'create', 't', '--cpu', '2'], 'cpu: "2": expected the name'],
  [['run', '--template', 't', '--cpu', 'max'], 'template: cannot be used together with --cpu'],
] as const)('vmlet %j is rejected', async (words, refusal) => {
  const { status, stderr } = await vmlet(...words);
  expect(stderr).toContain(refusal);
  expect(status).toBe(125);
});
