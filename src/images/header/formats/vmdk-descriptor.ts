/** Extents of one disk: as many as 2 TiB in pieces of 2 GiB. */
const MOST_EXTENTS = 1024;
const NO_PARENT = 'ffffffff';

export interface VmdkExtent {
  readonly sectors: bigint;
  /** SPARSE, FLAT, ZERO, VMFS, …; always in upper case. */
  readonly kind: string;
  /** Name of a file or a device. */
  readonly name: string;
}

export interface VmdkDescriptor {
  readonly version: number | undefined;
  readonly extents: readonly VmdkExtent[];
  readonly hasParent: boolean;
  readonly parent: string | undefined;
}

/** Parses a descriptor. Unknown lines are ignored, as by the programs that open it. */
export function parseVmdkDescriptor(bytes: Buffer): VmdkDescriptor {
  const end = bytes.indexOf(0);
  const text = bytes.toString('utf8', 0, end === -1 ? bytes.length : end);
  const extents: VmdkExtent[] = [];
  for (const line of text.split(/[\r\n]+/)) {
    const extent = /^\s*(?:RW|RDONLY|NOACCESS)\s+(?<sectors>\d{1,19})\s+(?<kind>\w+)(?<rest>.*)$/i.exec(
      line,
    )?.groups;
    if (!extent) continue;
    const name =
      /"(?<name>[^"]*)/.exec(extent['rest'] ?? '')?.groups?.['name'] ?? extent['rest']?.trim() ?? '';
    if (extents.length < MOST_EXTENTS) {
      extents.push({
        sectors: BigInt(extent['sectors'] ?? 0),
        kind: (extent['kind'] ?? '').toUpperCase(),
        name,
      });
    }
  }
  const version = /^[ \t]*version[ \t]*=[ \t]*(\d{1,9})/im.exec(text)?.[1];
  // QEMU searches the whole text for this word.
  const hint = /parentFileNameHint[^"\n]*(?:"(?<name>[^"\n]*))?/i.exec(text);
  const parentId = /parentCID\s*=\s*"?([0-9a-z]+)/i.exec(text)?.[1]?.toLowerCase();
  return {
    version: version === undefined ? undefined : Number(version),
    extents,
    hasParent: hint !== null || (parentId !== undefined && parentId !== NO_PARENT),
    parent: hint?.groups?.['name'],
  };
}
