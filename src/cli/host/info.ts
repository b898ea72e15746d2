import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os';
import { Command } from 'commander';
import { formatBytes } from '../../public/format.ts';
import { isRunning } from '../session/each-machine.ts';
import { type FormatFlags, addFormatOptions, printRecords } from '../output/record-format.ts';
import { table } from '../output/table.ts';

export function infoCommand(): Command {
  const command = new Command('info').description(
    'Shows the resources of this host, the versions of the programs that vmlet uses, and the directories of vmlet.',
  );
  return addFormatOptions(command, '{{.Accelerator}} {{.Versions.Qemu}}').action(info);
}

async function info(flags: FormatFlags): Promise<void> {
  const facts = await findFacts();
  // A list of one record: templates have its fields.
  if (printRecords(flags, 'host', [facts])) return;
  const { host, versions, machines, images, directories } = facts;
  const rows = [
    ['processors', `${host.processors}, ${host.processorModel}`],
    ['memory', `${formatBytes(host.memoryBytes)}, ${formatBytes(host.freeMemoryBytes)} free`],
    ['accelerator', describeAccelerator(facts)],
    ['kernel', host.kernel],
    ['vmlet', versions.vmlet],
    ['Node.js', versions.node],
    ['QEMU', versions.qemu ?? 'not installed'],
    ['passt', describePasst(facts)],
    ['machines', `${machines.total}, ${machines.running} running`],
    ['images', String(images)],
    ...Object.entries(directories),
  ];
  process.stdout.write(table(rows));
}

export function describeAccelerator({ kvmProblem }: Pick<Facts, 'kvmProblem'>): string {
  if (kvmProblem === undefined) return 'KVM';
  // The details of a failed test guest are for `vmlet doctor`.
  return `TCG (emulated; ${kvmProblem.split(/[:;]/, 1)[0] ?? ''})`;
}

export function describePasst({ versions, programs }: Pick<Facts, 'versions' | 'programs'>): string {
  if (programs.passt === undefined) return 'not installed';
  return versions.passt ?? `${programs.passt} (unknown version)`;
}

type Facts = Awaited<ReturnType<typeof findFacts>>;

async function findFacts() {
  const { ImageStore, examineHost, packageVersion } = await import('../../index.ts');
  const { MachineStore } = await import('../../machines/index.ts');
  const { survey, surroundings } = await examineHost();
  const { kvm } = survey.accelerator;
  const machines = new MachineStore().list();
  const { images } = await new ImageStore().list();
  return {
    accelerator: kvm.usable ? 'kvm' : 'tcg',
    kvmProblem: kvm.usable ? undefined : kvm.reason,
    host: {
      processors: availableParallelism(),
      processorModel: cpus()[0]?.model.trim() ?? 'unknown',
      memoryBytes: totalmem(),
      freeMemoryBytes: freemem(),
      kernel: release(),
    },
    versions: {
      vmlet: packageVersion(),
      node: process.versions.node,
      qemu: survey.qemu?.version,
      passt: survey.passt?.version,
    },
    programs: { qemu: survey.qemu?.path, passt: survey.passt?.path },
    machines: { total: machines.length, running: machines.filter(isRunning).length },
    images: images.length,
    directories: {
      data: surroundings.dataDirectory.path,
      runtime: surroundings.runtimeDirectory.path,
    },
  };
}
