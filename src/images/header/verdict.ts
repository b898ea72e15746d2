import type { DiskFormat } from '../formats/disk-info.ts';
import type { Content } from './detect.ts';
import { type ImageHeader, type Reference, type UnderstoodFormat, shown } from './formats/image-header.ts';

/** The user's statements about an image. */
export interface Claim {
  /** `cd` for a medium in a CD drive; undefined to detect the format from the content. */
  readonly format: DiskFormat | 'cd' | undefined;
  readonly trusted: boolean;
  /**
   * True for a file that is to become an image: formats that have to be converted first are accepted too, and there is
   * no option to trust it.
   */
  readonly foreign: boolean;
}

/** Why an image is rejected. */
export interface Refusal {
  /** A predicate: the image is the subject. */
  readonly reason: string;
  readonly hint: string | undefined;
}

/** The format to read a file as, or why it is rejected. */
export type Reading =
  | { readonly kind: 'as'; readonly format: UnderstoodFormat }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const TRUST = 'if you trust the image, append ,trusted to its path';
const FILE_ITSELF =
  'if you trust the image, boot its file directly, without a pull or an import: --image FILE,trusted';
const COMPLETE = 'the file may be truncated: download or copy it again; if it is complete, ';
const OTHER_ENTRY =
  'if the catalogue states a wrong format, add an entry with the correct format to your own catalogue, ~/.config/vmlet/images.yaml';
const DECRYPT = 'decrypt it with qemu-img convert; give the passphrase with --object secret';
const AGAIN = 'download or copy the file again, and compare its checksum with the published one';
const CONVERT =
  'convert the image to another format, such as raw, with the program that created it; if the image may be damaged, download or copy it again';
const CONVERT_QCOW2 =
  'convert the image to plain qcow2 (version 3, no optional features) with the program that created it; if the image may be damaged, download or copy it again';
const ATTACH =
  'attach it as a disk: --disk FILE for a new machine, or vmlet disk add NAME FILE for an existing machine';

const names: Readonly<Record<UnderstoodFormat, string>> = {
  qcow2: 'a qcow2 image',
  raw: 'a raw disk',
  iso: 'a CD image',
  vmdk: 'a VMware disk (vmdk)',
  vdi: 'a VirtualBox disk (vdi)',
  vpc: 'a Microsoft disk (vhd)',
  vhdx: 'a Microsoft disk (vhdx)',
  qed: 'a disk in the obsolete QEMU format qed',
  luks: 'a LUKS-encrypted disk',
};

/** Formats that are never attached directly, by their names for `qemu-img convert -f`. */
export type ForeignFormat = 'vmdk' | 'vdi' | 'vpc' | 'vhdx' | 'qed';
const foreignFormats: readonly string[] = ['vmdk', 'vdi', 'vpc', 'vhdx', 'qed'] satisfies ForeignFormat[];

export function isForeign(format: UnderstoodFormat): format is ForeignFormat {
  return foreignFormats.includes(format);
}

/** Chooses the format to read a file as, from the user's claim and the detected content. */
export function chooseReading(content: Content | undefined, size: number, claim: Claim): Reading {
  if (size === 0) return refused('is empty', AGAIN);
  switch (claim.format) {
    case 'qcow2':
      return chooseForQcow2(content, claim);
    case 'raw':
      return chooseForRaw(content, claim);
    case 'cd':
      return chooseForCd(content);
    case undefined:
      if (content === undefined) return { kind: 'as', format: 'raw' };
      if (content.kind === 'other')
        return refused(`is ${content.name}, not a supported disk image`, content.advice);
      if (isForeign(content.format) && !claim.foreign) return refused(...asForeign(content.format));
      return { kind: 'as', format: content.format };
  }
}

function chooseForQcow2(content: Content | undefined, { foreign }: Claim): Reading {
  if (content === undefined) {
    return refused(
      'is not a qcow2 image, and its format is unknown',
      foreign ? OTHER_ENTRY : 'if it is a raw disk, append ,format=raw to its path',
    );
  }
  if (content.kind === 'other') return refused(`is ${content.name}, not a qcow2 image`, content.advice);
  if (content.format === 'qcow2') return { kind: 'as', format: 'qcow2' };
  if (content.format === 'iso') {
    return refused(
      'is a CD image, not a qcow2 image',
      foreign ? OTHER_ENTRY : 'to attach it as a raw disk, append ,format=raw to its path',
    );
  }
  if (foreign) return refused(`is ${names[content.format]}, not a qcow2 image`, OTHER_ENTRY);
  return refused(...asForeign(content.format));
}

function chooseForRaw(content: Content | undefined, { trusted, foreign }: Claim): Reading {
  if (content === undefined || trusted) return { kind: 'as', format: 'raw' };
  const asItIs = foreign
    ? OTHER_ENTRY
    : 'to attach it as a raw disk anyway, append ,format=raw,trusted to its path';
  if (content.kind === 'other') {
    return refused(
      `is ${content.name}, not a raw disk`,
      content.advice === undefined ? asItIs : `${content.advice}; ${asItIs}`,
    );
  }
  if (content.format === 'iso') return { kind: 'as', format: 'iso' };
  const instead =
    content.format === 'qcow2' && !foreign ? 'to attach it as qcow2, append ,format=qcow2 to its path; ' : '';
  return refused(`is ${names[content.format]}, not a raw disk`, `${instead}${asItIs}`);
}

/** Rejects disks in a CD drive: QEMU opens media as raw, so the guest would see the tables of the format. */
function chooseForCd(content: Content | undefined): Reading {
  // A medium without a volume is also read as one, and checked only for its size.
  if (content === undefined) return { kind: 'as', format: 'iso' };
  if (content.kind === 'other') return refused(`is ${content.name}, not a CD image`, content.advice);
  if (content.format === 'iso') return { kind: 'as', format: 'iso' };
  const conversion = content.format === 'qcow2' ? undefined : asForeign(content.format)[1];
  return refused(
    `is ${names[content.format]}, not a CD image`,
    conversion === undefined ? ATTACH : `${conversion}; then ${ATTACH}`,
  );
}

function asForeign(format: UnderstoodFormat): [reason: string, hint: string | undefined] {
  if (format === 'luks') return [`is ${names.luks}, which is not supported`, DECRYPT];
  return [
    `is ${names[format]}, which cannot be attached directly`,
    `if you trust the image (qemu-img opens every file that the image refers to), convert it: qemu-img convert -f ${format} -O qcow2 IMAGE NEW`,
  ];
}

function refused(reason: string, hint: string | undefined): Reading {
  return { kind: 'refused', refusal: { reason, hint } };
}

/** Returns all reasons to reject an image; none if it is accepted. */
export function judge(
  header: ImageHeader,
  { trusted, foreign }: Pick<Claim, 'trusted' | 'foreign'>,
): readonly Refusal[] {
  const refusals: Refusal[] = header.references
    .filter(({ kind }) => !(trusted && kind === 'backing' && header.format === 'qcow2'))
    .map((reference) => ofReference(reference, !trusted && !foreign));
  if (header.encryption !== undefined) {
    refusals.push({
      reason: `is encrypted with ${header.encryption}, which is not supported`,
      hint: DECRYPT,
    });
  }
  for (const { reason, trustable } of header.problems) {
    if (!trustable) refusals.push({ reason: withVerdict(reason), hint: remedyOf(reason, header.format) });
    else if (!trusted) refusals.push({ reason, hint: trustHint(reason, foreign) });
  }
  if (header.virtualBytes === undefined && refusals.length === 0) {
    refusals.push({ reason: 'does not state the size of its disk', hint: AGAIN });
  }
  return refusals;
}

/** A variant of the format that vmlet does not know is most often no damage. */
function remedyOf(problem: string, format: UnderstoodFormat): string {
  if (!/\bunknown\b|supports only types|pending changes/.test(problem)) return AGAIN;
  return format === 'qcow2' ? CONVERT_QCOW2 : CONVERT;
}

function trustHint(problem: string, foreign: boolean): string {
  if (!problem.includes('not a multiple of 512')) return foreign ? FILE_ITSELF : TRUST;
  return `${COMPLETE}${foreign ? 'boot it directly: --image FILE,trusted' : 'append ,trusted to its path'}`;
}

/** Details of a header are clear only after a verdict. */
function withVerdict(problem: string): string {
  return problem.startsWith('has ') ? `is damaged or not supported: it ${problem}` : problem;
}

function ofReference({ kind, name }: Reference, trustable: boolean): Refusal {
  const isLocal = !isElsewhere(name);
  const source = isLocal ? 'another file' : 'a source that is not a local file';
  const reason = `takes data from ${source}${name === '' ? ', but does not say which one' : `: ${shown(name)}`}`;
  // Only local files can be trusted.
  if (kind === 'backing' && trustable && isLocal) {
    return { reason, hint: `the image may be crafted to expose that file to the guest; ${TRUST}` };
  }
  return {
    reason,
    hint: 'if you trust the image, convert it to a single file (qemu-img opens every file that the image refers to): qemu-img convert -O qcow2 IMAGE NEW',
  };
}

/**
 * True for a name that QEMU takes for a protocol (nbd:, http:, json:, fat:): it has a colon before the first slash.
 */
export function isElsewhere(name: string): boolean {
  return /^[^/]*:/.test(name);
}
