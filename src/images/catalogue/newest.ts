export interface Match<T> {
  readonly candidate: T;
  /** The pattern's named groups. */
  readonly groups: Readonly<Record<string, string>>;
}

/** Longer names are skipped; no published name comes near. */
const MAX_NAME = 1024;
/** Named groups become part of a URL. */
const SAFE = /^[A-Za-z0-9](?!.*\.\.)[A-Za-z0-9._+~-]*$/;

/**
 * Returns the matching candidate whose named groups are the highest versions, the first group being the most
 * significant. Returns all candidates of that rank, because there may be several with different contents.
 */
export function newestOf<T>(
  candidates: Iterable<T>,
  nameOf: (candidate: T) => string,
  pattern: RegExp,
): readonly Match<T>[] {
  let best: Match<T>[] = [];
  for (const candidate of candidates) {
    const name = nameOf(candidate);
    const match = name.length > MAX_NAME ? null : pattern.exec(name);
    if (match === null) continue;
    const groups = Object.fromEntries(
      Object.entries(match.groups ?? {}).filter(
        (entry): entry is [string, string] => (entry[1] as string | undefined) !== undefined,
      ),
    );
    if (Object.values(groups).some((word) => !SAFE.test(word))) continue;
    const order = best[0] === undefined ? 1 : compareGroups(groups, best[0].groups);
    if (order > 0) best = [{ candidate, groups }];
    else if (order === 0) best.push({ candidate, groups });
  }
  return best;
}

function compareGroups(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): number {
  for (const name of new Set([...Object.keys(one), ...Object.keys(other)])) {
    const order = compareVersions(one[name] ?? '', other[name] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** Compares runs of digits as numbers of any length, and everything else as text. */
export function compareVersions(one: string, other: string): number {
  const parts = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];
  const theirs = parts(other);
  const ours = parts(one);
  for (let index = 0; index < Math.max(ours.length, theirs.length); index++) {
    const order = comparePart(ours[index], theirs[index]);
    if (order !== 0) return order;
  }
  return 0;
}

function comparePart(one: string | undefined, other: string | undefined): number {
  if (one === undefined || other === undefined)
    return Number(one !== undefined) - Number(other !== undefined);
  if (/^\d/.test(one) && /^\d/.test(other)) {
    const difference = BigInt(one) - BigInt(other);
    return difference > 0n ? 1 : difference < 0n ? -1 : 0;
  }
  return one === other ? 0 : one < other ? -1 : 1;
}
