import type { DiskFormat } from '../formats/disk-info.ts';
import type { Content } from './detect.ts';
import { type ImageHeader, type Reference, type UnderstoodFormat, shown } from './formats/image-header.ts';

/** What the user said of an image. */
export interface Claim {
  /** `cd` for what lies in a drive; undefined where the content decides. */
  readonly format: DiskFormat | 'cd' | undefined;
  readonly trusted: boolean;
  /**
   * It came from elsewhere, to be made an image of: formats that have to be converted first are taken as well, and
   * there is no option by which it could be trusted.
   */
  readonly foreign: boolean;
}

/** Why an image is not taken. */
export interface Refusal {
  /** A sentence without its subject, which is the image. */
  readonly reason: string;
  readonly hint: string | undefined;
}

/** The format to read a file as, or why it is none that was asked for. */
export type Reading =
  | { readonly kind: 'as'; readonly format: UnderstoodFormat }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const TRUST = 'if it is your own, or from somebody whom you trust, append ,trusted to its name';
const FILE_ITSELF =
  'no image is made of it; where you trust it, a machine can boot the file itself: --image FILE,trusted';
const OTHER_ENTRY =
  'the catalogue says what it should be; where that is wrong, an entry of your own can say another format';
const DECRYPT =
  'copy it into an image that is not encrypted: qemu-img convert takes the passphrase by --object secret';
const AGAIN = 'get it again from where it came from, and compare its checksum';

const names: Readonly<Record<UnderstoodFormat, string>> = {
  qcow2: 'a qcow2',
  raw: 'a raw disk',
  iso: 'a CD image',
  vmdk: "VMware's disk (vmdk)",
  vdi: "VirtualBox's disk (vdi)",
  vpc: "Microsoft's disk (vhd)",
  vhdx: "Microsoft's disk (vhdx)",
  qed: "a disk in QEMU's former format qed",
  luks: 'encrypted with LUKS',
};

/** Formats that a guest is never given as they are, and that `qemu-img convert -f` takes. */
export type ForeignFormat = 'vmdk' | 'vdi' | 'vpc' | 'vhdx' | 'qed';
const foreignFormats: readonly string[] = ['vmdk', 'vdi', 'vpc', 'vhdx', 'qed'] satisfies ForeignFormat[];

export function isForeign(format: UnderstoodFormat): format is ForeignFormat {
  return foreignFormats.includes(format);
}

/** How to read a file that was said to be something, and is something. */
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
      if (content.kind === 'other') return refused(`is ${content.name}, and not a disk`, content.advice);
      if (isForeign(content.format) && !claim.foreign) return refused(...asForeign(content.format));
      return { kind: 'as', format: content.format };
  }
}

function chooseForQcow2(content: Content | undefined, { foreign }: Claim): Reading {
  if (content === undefined) {
    return refused(
      'is not a qcow2, and of no other format that is known here',
      foreign ? OTHER_ENTRY : 'if it is a raw disk, say so: ,format=raw',
    );
  }
  if (content.kind === 'other') return refused(`is ${content.name}, and not a qcow2`, content.advice);
  if (content.format === 'qcow2') return { kind: 'as', format: 'qcow2' };
  if (content.format === 'iso') {
    return refused('is a CD image, and not a qcow2', foreign ? OTHER_ENTRY : 'say ,format=raw');
  }
  if (foreign) return refused(`is ${names[content.format]}, and not a qcow2`, OTHER_ENTRY);
  return refused(...asForeign(content.format));
}

function chooseForRaw(content: Content | undefined, { trusted, foreign }: Claim): Reading {
  if (content === undefined || trusted) return { kind: 'as', format: 'raw' };
  const asItIs = foreign
    ? OTHER_ENTRY
    : 'if the guest is to see these very bytes, as on a disk that it wrote to itself: ,format=raw,trusted';
  if (content.kind === 'other') {
    return refused(
      `is ${content.name}, and not a raw disk`,
      content.advice === undefined ? asItIs : `${content.advice}; ${asItIs}`,
    );
  }
  if (content.format === 'iso') return { kind: 'as', format: 'iso' };
  const instead =
    content.format === 'qcow2' && !foreign ? 'if it was meant to be one, say ,format=qcow2; ' : '';
  return refused(`was said to be raw, and is ${names[content.format]}`, `${instead}${asItIs}`);
}

/** QEMU is told that it is raw, so a disk in another format would show its own tables to the guest. */
function chooseForCd(content: Content | undefined): Reading {
  // Read as one, a medium without a volume is judged by its size alone.
  if (content === undefined) return { kind: 'as', format: 'iso' };
  if (content.kind === 'other') return refused(`is ${content.name}, and not a CD image`, content.advice);
  if (content.format === 'iso') return { kind: 'as', format: 'iso' };
  return refused(`is ${names[content.format]}, and not a CD image`, 'give it to the machine as a disk');
}

function asForeign(format: UnderstoodFormat): [reason: string, hint: string | undefined] {
  if (format === 'luks') return [`is ${names.luks}, and there is no way to give its passphrase`, DECRYPT];
  return [
    `is ${names[format]}, which no guest is given as it is`,
    'it has to be converted to a qcow2 first; qemu-img convert follows what it says about other files, so do that only where you trust it',
  ];
}

function refused(reason: string, hint: string | undefined): Reading {
  return { kind: 'refused', refusal: { reason, hint } };
}

/** All that speaks against an image whose header was read; nothing where it is taken. */
export function judge(
  header: ImageHeader,
  { trusted, foreign }: Pick<Claim, 'trusted' | 'foreign'>,
): readonly Refusal[] {
  const refusals: Refusal[] = header.references
    .filter(({ kind }) => !(trusted && kind === 'backing' && header.format === 'qcow2'))
    .map((reference) => ofReference(reference, !trusted && !foreign));
  if (header.encryption !== undefined) {
    refusals.push({
      reason: `is encrypted with ${header.encryption}, and there is no way to give its passphrase`,
      hint: DECRYPT,
    });
  }
  for (const { reason, trustable } of header.problems) {
    if (!trustable) refusals.push({ reason, hint: AGAIN });
    else if (!trusted) refusals.push({ reason, hint: foreign ? FILE_ITSELF : TRUST });
  }
  if (header.virtualBytes === undefined && refusals.length === 0) {
    refusals.push({ reason: 'does not say how large its disk is', hint: AGAIN });
  }
  return refusals;
}

function ofReference({ kind, name }: Reference, trustable: boolean): Refusal {
  const where = isElsewhere(name) ? 'elsewhere' : 'another file';
  const what = name === '' ? 'whose name it does not say' : shown(name);
  const reason = `takes part of its contents from ${where}, ${what}`;
  // Trust does not help with what is no file of this host.
  if (kind === 'backing' && trustable && where === 'another file') {
    return { reason, hint: `that may be something that whoever made it wants to see; ${TRUST}` };
  }
  return {
    reason,
    hint: 'this is not taken from anybody; where you trust it, make it stand alone with qemu-img convert',
  };
}

/** QEMU takes a name with a colon before the first slash for a protocol (nbd:, http:, json:, fat:) and not for a file. */
export function isElsewhere(name: string): boolean {
  return /^[^/]*:/.test(name);
}
