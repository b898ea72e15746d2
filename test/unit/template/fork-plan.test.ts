import { describe, expect, it } from 'vitest';
import { type ForkInputs, copiesFor, persistentFiles, planFork } from '../../../src/template/fork-plan.ts';
import { templateFiles } from '../../../src/template/template-files.ts';
import type { TemplateRecord } from '../../../src/template/template-record.ts';
import { machineDirectory } from '../../../src/machine/paths/directory.ts';
import { everyLayer } from '../process/confine/abilities.ts';
import { plainPlan } from '../machine/plan/plain-plan.ts';

describe('a fork with files of its own', () => {
  const files = templateFiles('/kept');
  const disk = {
    ...{ nodeName: 'disk0', path: '/kept/disk0.qcow2', format: 'qcow2', readOnly: false },
    backing: { path: '/images/disk.qcow2', format: 'qcow2', backing: undefined },
    createBytes: 4096,
  } as unknown as TemplateRecord['plan']['disks'][number];
  const origin: TemplateRecord['plan'] = {
    ...plainPlan,
    firmware: {
      code: { path: '/code' },
      variablesPath: '/kept/nvram',
    } as unknown as TemplateRecord['plan']['firmware'],
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
      ['/kept/nvram', '/own/nvram.qcow2'],
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
    expect(copiesFor(plan, files, origin)).toEqual([
      ['/kept/disk0.overlay.qcow2', '/own/disk0.qcow2'],
      ['/kept/nvram', '/own/nvram.qcow2'],
    ]);
    expect(plan.disks[0]?.backing).toMatchObject({ path: '/kept/disk0.qcow2', backing: disk.backing });
    expect(plan.readOnlyFiles).toEqual(
      expect.arrayContaining(['/kept/memory', '/kept/seed.img', '/kept/initrd', '/kept/disk0.qcow2']),
    );
  });

  it('needs nothing of its template that is not flushed with it', () => {
    const flushed = persistentFiles(files, origin);
    for (const more of [{}, { own }]) {
      const plan = planFork(record, files, { ...inputs, ...more });
      const copied = copiesFor(plan, files, origin).map(([from]) => from);
      const opened = plan.readOnlyFiles.filter((path) => path.startsWith('/kept'));
      expect(flushed).toEqual(expect.arrayContaining([...copied, ...opened]));
    }
  });
});
