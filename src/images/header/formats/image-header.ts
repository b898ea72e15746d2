import { HeaderDamage } from './byte-source.ts';

/** Formats whose header is understood. `vpc` is QEMU's name for VHD, as `qemu-img convert -f` takes it. */
export type UnderstoodFormat = 'qcow2' | 'raw' | 'iso' | 'vmdk' | 'vdi' | 'vpc' | 'vhdx' | 'qed' | 'luks';

/** Another file that an image takes part of its contents from. */
export interface Reference {
  readonly kind: 'backing' | 'data' | 'extent' | 'parent';
  /** As the image holds it; for `parent` it can be an identifier. */
  readonly name: string;
  /** The format that the image says it has. */
  readonly format: string | undefined;
}

/** Something that speaks against an image. */
export interface Problem {
  /** A sentence without its subject, which is the image. */
  readonly reason: string;
  /** Whether it is no problem in an image that the user trusts. */
  readonly trustable: boolean;
}

/** What an image says about itself. */
export interface ImageHeader {
  readonly format: UnderstoodFormat;
  /** Undefined where the format has none. */
  readonly version: number | undefined;
  /** The size of the disk that a guest sees; undefined where the header is too damaged to say. */
  readonly virtualBytes: number | undefined;
  readonly references: readonly Reference[];
  /** The kind of encryption; undefined for none. */
  readonly encryption: string | undefined;
  readonly snapshots: number;
  readonly problems: readonly Problem[];
}

const SECTOR = 512n;
/** More than anybody's disk, and little enough for QEMU's tables to stay small. */
const LARGEST_UNTRUSTED = 64n * 1024n ** 4n;
/** Where JavaScript's numbers are exact, and below QEMU's own limit of 2^63. */
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);
/** QEMU holds a table as a whole in memory; for qcow2 it has limits of its own. A VDI of 16 TiB needs as much. */
const LARGEST_TABLE = 64 * 1024 ** 2;
/** A header with more than this wrong is junk, and need not be listed in full. */
const MOST_PROBLEMS = 16;

/** An image's header while it is being read. */
export class Findings {
  readonly format: UnderstoodFormat;
  version: number | undefined;
  encryption: string | undefined;
  snapshots = 0;
  #virtualBytes: number | undefined;
  readonly #references: Reference[] = [];
  readonly #problems: Problem[] = [];

  constructor(format: UnderstoodFormat) {
    this.format = format;
  }

  problem(reason: string, { trustable = false } = {}): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ reason, trustable });
  }

  /** A problem unless something holds. */
  expect(holds: boolean, reason: string): void {
    if (!holds) this.problem(reason);
  }

  /**
   * A problem where QEMU would need more memory for a table than any honest image has it need.
   * @param name with its article.
   */
  table(name: string, bytes: bigint | number): void {
    this.expect(bytes <= LARGEST_TABLE, `has ${name} of ${bytes} bytes, more than ${LARGEST_TABLE}`);
  }

  reference(kind: Reference['kind'], name: string, format?: string): void {
    this.#references.push({ kind, name, format });
  }

  /** The size of the disk, with what speaks against it. */
  size(bytes: bigint): void {
    if (bytes <= 0n) return this.problem('is a disk of no size');
    if (bytes > LARGEST) return this.problem(`says that it is a disk of ${bytes} bytes, which no disk has`);
    // QEMU rounds a raw disk up.
    this.#virtualBytes = Number(((bytes + SECTOR - 1n) / SECTOR) * SECTOR);
    if (bytes % SECTOR !== 0n) {
      this.problem(`is a disk of ${bytes} bytes, which is not a whole number of sectors of 512 bytes`, {
        trustable: this.format === 'raw',
      });
    }
    if (bytes > LARGEST_UNTRUSTED) {
      this.problem(`says that it is a disk of ${bytes} bytes, more than 64 TiB`, { trustable: true });
    }
  }

  header(): ImageHeader {
    return {
      format: this.format,
      version: this.version,
      virtualBytes: this.#virtualBytes,
      references: this.#references,
      encryption: this.encryption,
      snapshots: this.snapshots,
      problems: this.#problems,
    };
  }
}

/** Reads until there is damage, and keeps what was found until then. */
export async function findingsOf(
  format: UnderstoodFormat,
  read: (findings: Findings) => Promise<void>,
): Promise<ImageHeader> {
  const findings = new Findings(format);
  try {
    await read(findings);
  } catch (error) {
    if (!(error instanceof HeaderDamage)) throw error;
    findings.problem(error.message);
  }
  return findings.header();
}

/** A stranger's text for a message: short, and without what would steer a terminal or hide something. */
export function shown(text: string): string {
  const short = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return short.replaceAll(/\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
