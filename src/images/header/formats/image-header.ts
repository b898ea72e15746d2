import { HeaderDamage } from './byte-source.ts';

/** Formats with a known header. `vpc` is QEMU's name for VHD, as in `qemu-img convert -f`. */
export type UnderstoodFormat = 'qcow2' | 'raw' | 'iso' | 'vmdk' | 'vdi' | 'vpc' | 'vhdx' | 'qed' | 'luks';

/** A reference to another file with part of the image's data. */
export interface Reference {
  readonly kind: 'backing' | 'data' | 'extent' | 'parent';
  /** As stored in the image; for `parent` it can be an identifier. */
  readonly name: string;
  /** The format of that file, as stored in the image. */
  readonly format: string | undefined;
}

/** A reason to reject an image. */
export interface Problem {
  /** A predicate: the image is the subject. */
  readonly reason: string;
  /** Whether it is acceptable in an image that the user trusts. */
  readonly trustable: boolean;
}

/** The header of an image. */
export interface ImageHeader {
  readonly format: UnderstoodFormat;
  /** Undefined for a format without versions. */
  readonly version: number | undefined;
  /** The size of the disk that a guest sees; undefined if the header is too damaged. */
  readonly virtualBytes: number | undefined;
  readonly references: readonly Reference[];
  /** The kind of encryption; undefined for none. */
  readonly encryption: string | undefined;
  readonly snapshots: number;
  readonly problems: readonly Problem[];
}

const SECTOR = 512n;
/** Larger than any real disk, and small enough to keep QEMU's tables small. */
const LARGEST_UNTRUSTED = 64n * 1024n ** 4n;
/** The largest exact number in JavaScript, below QEMU's own limit of 2^63. */
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);
/** QEMU keeps whole tables in memory; for qcow2 it has limits of its own. A VDI of 16 TiB needs this much. */
const LARGEST_TABLE = 64 * 1024 ** 2;
/** Further problems of a header are not listed. */
const MOST_PROBLEMS = 16;

/** Collects an image's header while it is read. */
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

  /** Adds a problem unless the condition holds. */
  expect(holds: boolean, reason: string): void {
    if (!holds) this.problem(reason);
  }

  /**
   * Adds a problem if a table would need more of QEMU's memory than in any legitimate image.
   * @param name with its article.
   */
  table(name: string, bytes: bigint | number): void {
    this.expect(bytes <= LARGEST_TABLE, `has ${name} of ${bytes} bytes (limit: ${LARGEST_TABLE})`);
  }

  reference(kind: Reference['kind'], name: string, format?: string): void {
    this.#references.push({ kind, name, format });
  }

  /** Sets the size of the disk, and checks it. */
  size(bytes: bigint): void {
    if (bytes <= 0n) return this.problem('has a disk size of 0');
    if (bytes > LARGEST) return this.problem(`has an invalid disk size of ${bytes} bytes`);
    // QEMU rounds a raw disk up.
    this.#virtualBytes = Number(((bytes + SECTOR - 1n) / SECTOR) * SECTOR);
    if (bytes % SECTOR !== 0n) {
      this.problem(`has a disk size of ${bytes} bytes, which is not a multiple of 512 bytes (one sector)`, {
        trustable: this.format === 'raw',
      });
    }
    if (bytes > LARGEST_UNTRUSTED) {
      this.problem(`has a disk size of ${bytes} bytes (limit for images that you do not trust: 64 TiB)`, {
        trustable: true,
      });
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

/** Reads a header up to the first damage, and returns what was found until then. */
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

/** Makes untrusted text safe for a message: short, with control and invisible characters escaped. */
export function shown(text: string): string {
  const short = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return short.replaceAll(/\p{C}/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

export function isPowerOfTwo(value: number): boolean {
  return value > 0 && Number.isInteger(Math.log2(value));
}
