import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { isSystemError } from '../errors/index.ts';
import { chooseAccelerator } from '../host/kvm/accelerator.ts';
import type { Host } from '../host/survey/host.ts';
import { sha256 } from '../images/digest/sha256.ts';
import { qemuArguments } from '../machine/qemu/argv.ts';
import { backingChain } from '../machine/qemu/block-node.ts';
import { packageVersion } from '../machine/paths/package-files.ts';
import type { Plan } from '../machine/plan/plan.ts';
import type { Spec } from '../machine/spec/spec.ts';
import { type PasstAbilities, chooseBackend } from '../network/plan/network.ts';
import type { CpuLevel } from '../util/system/cpu-level.ts';

/**
 * Everything that saved memory depends on: descriptions by part. The memory can be restored only where all of them are
 * the same. QEMU itself detects some differences, crashes on others, and misses the rest.
 */
export type TemplateBasis = Readonly<Record<string, string>>;

/** Describes this host as it is now. */
export function basisOf(
  plan: Plan,
  host: Pick<Host, 'accelerator'> & { readonly qemu: Pick<Host['qemu'], 'version'> },
): TemplateBasis {
  return {
    // Only the release that wrote a record can be trusted to read it.
    vmlet: packageVersion(),
    QEMU: `${host.qemu.version} (${describeFile(plan.qemu)})`,
    hardware: hardwareOf(plan),
    processor: processorFor(plan, host),
    ...describeFiles(plan),
  };
}

/**
 * Whether this release of vmlet and this QEMU saved the memory. QEMU is recognized by its file, because asking it for its
 * version takes time.
 */
export function hasSamePrograms(basis: TemplateBasis, { qemu }: Plan): boolean {
  const { vmlet, QEMU = '' } = basis;
  return vmlet === packageVersion() && QEMU.endsWith(` (${describeFile(qemu)})`);
}

/** Whether the files outside the template are as they were. Also for a plan of another release, which this one cannot read. */
export function hasSameFiles(basis: TemplateBasis): boolean {
  return Object.entries(basis)
    .filter(([part]) => isAbsolute(part))
    .every(([path, description]) => describeFile(path) === description);
}

/** Describes the files outside the template as they are now. */
export function describeFiles(plan: Plan): TemplateBasis {
  return Object.fromEntries(filesUnder(plan).map((path) => [path, describeFile(path)]));
}

/**
 * Whether a guest that boots now gets KVM or passt, and the saved one has neither: its forks do not get them.
 * @param level the CPU level that the guest's programs need.
 */
export function bootsWithMore(
  { accelerator, network }: Pick<Plan, 'accelerator' | 'network'>,
  { accel, net }: Pick<Spec, 'accel' | 'net'>,
  host: Pick<Host, 'accelerator'> & { readonly passt?: PasstAbilities | undefined },
  level: CpuLevel | undefined,
): boolean {
  const gainsKvm = accelerator.kind === 'tcg' && chooseAccelerator(accel, host, level).kind === 'kvm';
  const gainsPasst =
    network?.backend === 'slirp' && net !== 'none' && chooseBackend(net, host.passt, false, []) !== 'slirp';
  return gainsKvm || gainsPasst;
}

/** Describes each difference. */
export function basisDifferences(then: TemplateBasis, now: TemplateBasis): string[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])]
    .filter((part) => then[part] !== now[part])
    .map((part) => differenceOf(part, then[part] ?? 'missing', now[part] ?? 'missing'));
}

/** A digest of hardware tells a user nothing. */
function differenceOf(part: string, then: string, now: string): string {
  return part === 'hardware'
    ? 'vmlet now gives the guest different virtual devices'
    : `${part} was ${readable(then)} and is now ${readable(now)}`;
}

/** Rewords a description for users only: a recorded one that changed would make its template stale. */
function readable(description: string): string {
  return description.replace(/(\d+ bytes) of (?=\d{4}-)/, '$1, last modified at ');
}

/** A digest of the devices, each of which has state of its own. vmlet's choice of them may change within a release. */
function hardwareOf(plan: Plan): string {
  const options = qemuArguments(plan);
  return sha256(JSON.stringify(options.filter((_, index) => options[index - 1] === '-device'))).slice(0, 12);
}

/** Files outside the template: images, kernels, initramfs, firmware. */
function filesUnder({ boot, firmware, disks }: Plan): string[] {
  // vmlet's extended copy of a user's initramfs stays as it is when the user builds a new one.
  const direct = boot.kind === 'kernel' ? [boot.kernelPath, boot.initrdBase ?? boot.initrdPath] : [];
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
  try {
    const { size, mtimeMs } = statSync(path);
    return `${size} bytes of ${new Date(mtimeMs).toISOString()}`;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return 'gone';
    if (isSystemError(error, 'EACCES')) return 'not accessible';
    throw error;
  }
}

/** A guest under KVM cannot continue with an emulated processor. */
function processorFor(
  { accelerator }: Pick<Plan, 'accelerator'>,
  { accelerator: { kvm } }: Pick<Host, 'accelerator'>,
): string {
  if (accelerator.kind === 'tcg') return 'emulated';
  return kvm.usable ? `KVM on ${processorOf(cpuinfo())}` : `without KVM (${kvm.reason})`;
}

function cpuinfo(): string {
  return readFileSync('/proc/cpuinfo', 'utf8');
}

/**
 * Describes the processor, flags included: the host's firmware or kernel can disable some.
 * @param text of /proc/cpuinfo.
 */
function processorOf(text: string): string {
  const line = (key: string): string => new RegExp(`^${key}\\s*:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
  return `${line('model name')} (flags ${sha256(line('flags')).slice(0, 12)})`;
}
