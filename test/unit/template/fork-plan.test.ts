import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../../src/errors/index.ts';
import { type ForkInputs, copiesFor, planFork } from '../../../src/template/fork-plan.ts';
import { type TemplateFiles, templateFiles } from '../../../src/template/template-files.ts';
import type { TemplateRecord } from '../../../src/template/template-record.ts';
import { machineDirectory } from '../../../src/machine/paths/directory.ts';
import { everyLayer } from '../process/confine/abilities.ts';
import { plainPlan } from '../machine/plan/plain-plan.ts';

interface Devices {
  readonly shares?: number;
  readonly volumes?: number;
  readonly disks?: number;
  readonly emptyPorts?: number;
}

/** The refusal of a fork with that many devices. */
function refusal(
  plan: Partial<TemplateRecord['plan']>,
  { shares = 0, volumes = 0, disks = 0, emptyPorts = 0 }: Devices,
): InvalidInputError {
  const some = (count: number): object[] => Array.from({ length: count }, () => ({}));
  const record = { plan: { ...plainPlan, ...plan } } as unknown as TemplateRecord;
  const mounts = { shares: some(shares), volumes: some(volumes), tmpfs: [] };
  try {
    const inputs = { mounts, disks: some(disks), emptyPorts } as unknown as ForkInputs;
    planFork(record, {} as TemplateFiles, inputs);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('a fork with directories, volumes or disks is refused', () => {
  const again =
    'create the template again: an earlier release of vmlet created it without PCI slots for these devices';

  it.each<Devices>([{ shares: 1 }, { volumes: 1 }, { disks: 1 }])(
    'if its template has no ports for them: %j',
    (devices) => {
      const error = refusal({ rootPorts: [] }, devices);
      expect(error.message).toBe(
        'volumes: too many directories, volumes and disks: 1; forks of this template can have at most 0',
      );
      expect(error.hint).toBe(again);
    },
  );

  it('if the only port is that of the seed', () => {
    const seed = { path: '/seed', bus: 'port0' } as unknown as TemplateRecord['plan']['seed'];
    expect(refusal({ rootPorts: ['port0'], seed }, { shares: 1 }).hint).toBe(again);
  });

  it('if there are more than ports that need not stay empty', () => {
    const error = refusal({ rootPorts: ['port0', 'port1'] }, { shares: 2, emptyPorts: 1 });
    expect(error.message).toContain('disks: 2; forks of this template can have at most 1');
  });

  it('if there are more than ports', () => {
    const error = refusal({ rootPorts: ['port0', 'port1'] }, { shares: 1, volumes: 1, disks: 1 });
    expect(error.message).toContain(
      'too many directories, volumes and disks: 3; forks of this template can have at most 2',
    );
    expect(error.hint).toContain('share one parent directory');
  });
});

describe('a fork with files of its own', () => {
  const files = templateFiles('/kept');
  const disk = {
    ...{ nodeName: 'disk0', path: '/kept/disk0.qcow2', format: 'qcow2', readOnly: false },
    backing: { path: '/images/disk.qcow2', format: 'qcow2', backing: undefined },
    createBytes: 4096,
  } as unknown as TemplateRecord['plan']['disks'][number];
  const origin: TemplateRecord['plan'] = {
    ...plainPlan,
    ...{ disks: [disk], seed: { path: '/kept/seed.img', bus: undefined } },
    boot: {
      ...{ kind: 'kernel', kernelPath: '/kernel', commandLine: '' },
      ...{ initrdPath: '/kept/initrd', initrdBase: '/initrd' },
    },
  };
  const record = { plan: origin, opensReadOnly: true } as unknown as TemplateRecord;
  const inputs = {
    ...{ name: 'one', network: undefined, disks: [], emptyPorts: 0 },
    ...{
      mounts: { shares: [], volumes: [], tmpfs: [] },
      wiring: plainPlan.wiring,
      host: { confinement: everyLayer },
    },
    directory: machineDirectory('/run/one', '/own'),
  } as unknown as ForkInputs;
  const own = { storage: '/own', memoryFile: '/run/memory' };

  it('has a copy of each file of its template, whose disk has the same backing file', () => {
    const plan = planFork(record, files, { ...inputs, own });
    expect(copiesFor(plan, files, origin)).toEqual([
      ['/kept/disk0.qcow2', '/own/disk0.qcow2'],
      ['/kept/initrd', '/own/initrd'],
      ['/kept/seed.img', '/own/seed.img'],
      ['/kept/memory', '/run/memory'],
    ]);
    expect(plan.disks).toEqual([{ ...disk, path: '/own/disk0.qcow2' }]);
    expect(plan.readOnlyFiles.filter((path) => path.startsWith('/kept'))).toEqual(['/kept/state']);
    const { boot, seed, memory, disks, directory } = plan;
    expect(JSON.stringify({ boot, seed, memory, disks, directory })).not.toContain('/kept');
  });

  it('differs from other forks, which have layers and read the files of their template', () => {
    const plan = planFork(record, files, inputs);
    expect(copiesFor(plan, files, origin)).toEqual([['/kept/disk0.overlay.qcow2', '/own/disk0.qcow2']]);
    expect(plan.disks[0]?.backing).toMatchObject({ path: '/kept/disk0.qcow2', backing: disk.backing });
    expect(plan.readOnlyFiles).toEqual(
      expect.arrayContaining(['/kept/memory', '/kept/seed.img', '/kept/initrd', '/kept/disk0.qcow2']),
    );
  });
});
