import { FirmwareNotFoundError } from '../../errors/index.ts';
import type { FirmwareDescriptor, FirmwareDescriptors } from './firmware-descriptor.ts';

/** UEFI without a signature check, or with Secure Boot on and the well-known keys in its variables. */
export const UEFI_KINDS = ['uefi', 'uefi-secure'] as const;

export type UefiKind = (typeof UEFI_KINDS)[number];

/** What can be asked for; `bios` is QEMU's own. */
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

/** A UEFI firmware of this host. Many machines may use the same. */
export interface Firmware {
  /** What the processor starts with; read, never written. */
  readonly code: FirmwareFile;
  /** The variables of a new machine, of which each machine gets a copy. */
  readonly varsTemplate: FirmwareFile;
  /** It knows Secure Boot. Whether that is on is in the variables. */
  readonly secureBoot: boolean;
  /** It runs a part of itself in system management mode, without which it stops at once. */
  readonly needsSmm: boolean;
}

const INSTALL_HINT = 'Debian and Ubuntu: sudo apt-get install ovmf. Fedora: sudo dnf install edk2-ovmf.';

/**
 * The host's preferred firmware of a kind.
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
  // System management mode guards the variables, and without Secure Boot's keys there is nothing to guard.
  const chosen = candidates.find(({ needsSmm }) => needsSmm === (wanted === 'uefi-secure')) ?? candidates[0];
  if (!chosen) throw notFound(descriptors, wanted, target);
  return chosen;
}

function suits(features: ReadonlySet<string>, wanted: UefiKind): boolean {
  if (wanted === 'uefi') return !features.has('enrolled-keys');
  return ['secure-boot', 'enrolled-keys', 'requires-smm'].every((feature) => features.has(feature));
}

/** Descriptors name versioned types (pc-q35-10.0), mostly by a pattern, and never the alias that is asked for. */
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

/** Undefined for a firmware that keeps no variables of its own: the stateless and combined ones. */
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
  const passedOver = problems.length === 0 ? '' : ` (passed over: ${problems.join('; ')})`;
  return new FirmwareNotFoundError(
    `no ${kind} for ${machine} (${architecture}) is described in ${directories.join(', ')}${passedOver}`,
    { hint: INSTALL_HINT },
  );
}
