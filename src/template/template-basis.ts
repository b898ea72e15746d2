import { readFileSync, statSync } from 'node:fs';
import type { Host } from '../host/survey/host.ts';
import { sha256 } from '../images/digest/sha256.ts';
import { qemuArguments } from '../machine/qemu/argv.ts';
import { backingChain } from '../machine/qemu/block-node.ts';
import { packageVersion } from '../machine/paths/package-files.ts';
import type { Plan } from '../machine/plan/plan.ts';
import { unlessMissing } from '../util/files/unless-missing.ts';

/**
 * What memory that was kept of a machine depends on, in words by what it is of: it goes back only where all of this is
 * the same. QEMU itself notices some of the differences, some by crashing and some not at all.
 */
export type TemplateBasis = Readonly<Record<string, string>>;

/** As it is on this host now. */
export function basisOf(plan: Plan, host: Host): TemplateBasis {
  return {
    // What a record says is understood by the release that wrote it.
    vmlet: packageVersion(),
    QEMU: `${host.qemu.version} (${describeFile(plan.qemu)})`,
    hardware: hardwareOf(plan),
    processor: plan.accelerator.kind === 'kvm' ? `KVM on ${processorOf(cpuinfo())}` : 'emulated',
    ...Object.fromEntries(filesUnder(plan).map((path) => [path, describeFile(path)])),
  };
}

/** Each thing that is not the same, in words. */
export function basisDifferences(then: TemplateBasis, now: TemplateBasis): string[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((part) => then[part] !== now[part])
    .map((part) => `${part} was ${then[part] ?? 'not there'} and is ${now[part] ?? 'not there'}`);
}

/** Each has its state beside the memory. Which there are is up to vmlet, and may change without another release. */
function hardwareOf(plan: Plan): string {
  const options = qemuArguments(plan);
  return sha256(JSON.stringify(options.filter((_, index) => options[index - 1] === '-device'))).slice(0, 12);
}

/** Files of others: images, kernels, firmware. */
function filesUnder({ boot, firmware, disks }: Plan): string[] {
  const direct = boot.kind === 'kernel' ? [boot.kernelPath, boot.initrdPath] : [];
  return [
    ...direct,
    firmware?.code.path,
    ...disks.flatMap((disk) => [
      ...backingChain(disk).map(({ path }) => path),
      disk.readOnly ? disk.path : undefined,
    ]),
  ].filter((path) => path !== undefined);
}

function describeFile(path: string): string {
  const found = unlessMissing(() => statSync(path), ['ENOENT', 'ENOTDIR', 'EACCES']);
  return found ? `${found.size} bytes of ${new Date(found.mtimeMs).toISOString()}` : 'gone';
}

function cpuinfo(): string {
  return readFileSync('/proc/cpuinfo', 'utf8');
}

/** @param text of /proc/cpuinfo; flags too, since a host's firmware or kernel takes some away. */
export function processorOf(text: string): string {
  const line = (key: string): string => new RegExp(`^${key}\\s*:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
  return `${line('model name')} (flags ${sha256(line('flags')).slice(0, 12)})`;
}
