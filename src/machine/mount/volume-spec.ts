import * as z from 'zod';

export const CACHE_POLICIES = ['auto', 'always', 'never'] as const;

/**
 * How long the guest uses cached data of a file: until the next command or for a second (`auto`), for ever
 * (`always`), or not at all (`never`).
 */
export type CachePolicy = (typeof CACHE_POLICIES)[number];

export const VOLUME_TYPES = ['bind', 'volume', 'tmpfs'] as const;

/** The kind of an entry of `volumes`: a directory of the host, a named volume, or a file system in memory. */
export type VolumeType = (typeof VOLUME_TYPES)[number];

/** User and group numbers are 32 bits; the highest one means "no change". */
export const HIGHEST_ID = 2 ** 32 - 2;
const id = z.int().min(0).max(HIGHEST_ID);
/** A name in the guest's passwd(5) or group(5). */
export const OWNER_NAME = /^[a-zA-Z_][a-zA-Z0-9_.-]*\$?$/;
const owner = z.union([id, z.string().regex(OWNER_NAME)]);

/** A directory of the host, a named volume or a file system in memory as an object. Made at its first use: most are text. */
export const volumeSchema = z.lazy(() =>
  z.strictObject({
    /**
     * A directory of the host (`bind`), a named volume (`volume`), or a file system in the guest's memory (`tmpfs`). By
     * default a source without a slash that does not start with a dot is a volume, and any other a directory.
     */
    type: z.enum(VOLUME_TYPES).optional(),
    /**
     * A directory of the host, where a relative path starts at the working directory of this process, or the name of a
     * volume. Required, except for `tmpfs`.
     */
    source: z.string().min(1).optional(),
    /** Its absolute path in the guest, created if it is missing. */
    target: z.string().min(1),
    /** The guest can only read it; false by default. */
    readOnly: z.boolean().optional(),
    /** For a directory; `auto` by default. */
    cache: z.enum(CACHE_POLICIES).optional(),
    /**
     * For a directory. `squash` (the default): every file belongs to one user in the guest and to you on the host.
     * `host`: files have the host's numbers.
     */
    ids: z.enum(['squash', 'host']).optional(),
    /**
     * Owner of the files in the guest, with `squash`; of a new volume and of `tmpfs`, owner of the directory; 0 by default.
     * For a directory of a throw-away machine, a name is a user of the guest, whose own group is then the default of `gid`.
     */
    uid: owner.optional(),
    /** Group of the files in the guest, with `squash`, or of the directory; `uid` by default. May be a name like `uid`. */
    gid: owner.optional(),
    /**
     * The guest gets a copy, which needs no virtiofsd; false by default. `Machine.copyBack`, and `vmlet run` at its end,
     * copy it back, unless it is read-only. A named machine gets it at each start; it must be read-only there.
     */
    copy: z.boolean().optional(),
    /** Bytes, or a size such as `10G`: of a new volume, 10 GiB by default; of `tmpfs`, half of the memory by default. */
    size: z.union([z.number(), z.string()]).optional(),
    /** Permission bits of `tmpfs`; 0o1777 by default. */
    mode: z.int().min(0).max(0o7777).optional(),
  }),
);

/** An entry of `volumes` as an object; only `source` and `target` are required. */
export type VolumeSpec = z.input<typeof volumeSchema>;

/** Returns its kind. By default a source without a slash that does not start with a dot is the name of a volume. */
export function typeOf({ type, source = '' }: Pick<VolumeSpec, 'type' | 'source'>): VolumeType {
  return type ?? (source.includes('/') || source.startsWith('.') ? 'bind' : 'volume');
}

/** An entry of `volumes` as text such as `./site:/srv/site:ro` or `cache:/var/cache`, or as an object. */
export type VolumeInput = string | VolumeSpec;
