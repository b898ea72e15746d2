import { FirmwareNotFoundError } from '../../errors/index.ts';
import type { FirmwareDescriptor, FirmwareDescriptors } from './firmware-descriptor.ts';

/** UEFI without signature checks, or with Secure Boot enabled and the well-known keys in its variables. */
export const UEFI_KINDS = ['uefi', 'uefi-secure'] as const;

export type UefiKind = (typeof UEFI_KINDS)[number];

/** Accepted firmware kinds; `bios` is built into QEMU. */
export const FIRMWARE_KINDS = ['bios', ...UEFI_KINDS] as const;

export type FirmwareKind = (typeof FIRMWARE_KINDS)[number];

export interface FirmwareTarget {
  readonly architecture: 'x86_64';
  readonly machine: 'q35';
}

export interface FirmwareFile {
  /** Absolute. */
  readonly path: string;
  readonly format: 'raw' | 'qcow2';
}

/** A UEFI firmware of this host. Many machines may share it. */
export interface Firmware {
  /** Code that the processor starts with; only read. */
  readonly code: FirmwareFile;
  /** Variables of a new machine; each machine gets a copy. */
  readonly varsTemplate: FirmwareFile;
  /** True when it supports Secure Boot. The variables decide whether it is enabled. */
  readonly secureBoot: boolean;
  /** True when a part runs in system management mode; without that mode the firmware stops at once. */
  readonly needsSmm: boolean;
}

const INSTALL_HINT =
  'on Debian or Ubuntu, run: sudo apt-get install ovmf; on Fedora: sudo dnf install edk2-ovmf';

/**
 * Returns the host's preferred firmware of a kind.
 * @throws FirmwareNotFoundError.
 */
export function chooseFirmware(
  descriptors: FirmwareDescriptors,
  wanted: UefiKind,
  target: FirmwareTarget,
): Firmware {
  const candidates = descriptors.found
    .filter((descriptor) => descriptor['interface-types'].includes('uefi') && runsOn(descriptor, target))
    .filter(({ features }) => suits(new Set(features), wanted))
    .map(asFirmware)
    .filter((firmware) => firmware !== undefined);
  // System management mode protects the variables; without Secure Boot's keys there is nothing to protect.
  const chosen = candidates.find(({ needsSmm }) => needsSmm === (wanted === 'uefi-secure')) ?? candidates[0];
  if (!chosen) throw notFound(descriptors, wanted, target);
  return chosen;
}

function suits(features: ReadonlySet<string>, wanted: UefiKind): boolean {
  if (wanted === 'uefi') return !features.has('enrolled-keys');
  return ['secure-boot', 'enrolled-keys', 'requires-smm'].every((feature) => features.has(feature));
}

/** Descriptors name versioned machine types (pc-q35-10.0), mostly by a pattern, and never their alias. */
function runsOn({ targets }: FirmwareDescriptor, { architecture, machine }: FirmwareTarget): boolean {
  const anyVersion = `pc-${machine}-`;
  return targets
    .filter((target) => target.architecture === architecture)
    .some(({ machines }) => machines.some((pattern) => matchesGlob(pattern, anyVersion)));
}

function matchesGlob(pattern: string, text: string): boolean {
  const literals = pattern.split('*').map((literal) => literal.replaceAll(/[\\^$.+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${literals.join('.*')}$`).test(text);
}

/** Returns undefined for firmware without a variable file of its own: stateless and combined ones. */
function asFirmware({ mapping, features }: FirmwareDescriptor): Firmware | undefined {
  if (mapping.device !== 'flash' || mapping.mode !== 'split' || !mapping['nvram-template']) return undefined;
  const code = asFile(mapping.executable);
  const varsTemplate = asFile(mapping['nvram-template']);
  if (!code || !varsTemplate) return undefined;
  return {
    code,
    varsTemplate,
    secureBoot: features.includes('secure-boot'),
    needsSmm: features.includes('requires-smm'),
  };
}

function asFile(file: { readonly filename: string; readonly format: string }): FirmwareFile | undefined {
  const { filename: path, format } = file;
  return format === 'raw' || format === 'qcow2' ? { path, format } : undefined;
}

function notFound(
  { directories, problems }: FirmwareDescriptors,
  wanted: UefiKind,
  { architecture, machine }: FirmwareTarget,
): FirmwareNotFoundError {
  const kind = wanted === 'uefi' ? 'UEFI firmware' : 'UEFI firmware with Secure Boot and enrolled keys';
  const passedOver = problems.length === 0 ? '' : ` (skipped: ${problems.join('; ')})`;
  return new FirmwareNotFoundError(
    `no ${kind} for ${machine} (${architecture}) found in ${directories.join(', ')}${passedOver}`,
    { hint: INSTALL_HINT },
  );
}
