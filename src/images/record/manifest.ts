import * as z from 'zod';
import { CPU_LEVELS } from '../../util/system/cpu-level.ts';
import type { GuestDescription } from './guest-description.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const file = z.strictObject({
  /** Relative to the image's directory. */
  path: z.string().regex(/^[a-z0-9.-]+$/),
  bytes: z.int().nonnegative(),
  sha256,
});

/** An input of an image: a package of the distribution, or a file of the user. */
const source = z.strictObject({
  name: z.string(),
  /** Version of a package; SHA-256 of a file. */
  version: z.string(),
});

const common = {
  version: z.literal(1),
  /** Name at its creation. Its current names are links in the store. */
  name: z.string(),
  /** Names the directory. It covers the content of the image, but neither its date nor its origin. */
  digest: sha256,
  createdAt: z.iso.datetime(),
  sources: z.array(source),
};

const kernelSchema = z.strictObject({
  ...common,
  kind: z.literal('kernel'),
  kernelRelease: z.string(),
  kernel: file,
  initrd: file,
  /** Kernel parameters of this image, in order. */
  append: z.array(z.string()),
  /** Digest of the agent in it; a newer agent makes the image stale. */
  agentSha256: sha256,
  /** Digest of all other files and settings of the recipe; a newer vmlet makes the image stale. */
  recipeSha256: sha256,
});

const guestSchema = z
  .strictObject({
    user: z.string().optional(),
    firmware: z.enum(['bios', 'uefi']),
    cpu: z.enum(CPU_LEVELS),
    provisioner: z.enum(['cloud-init', 'nuageinit', 'tiny-cloud', 'none']),
    agent: z.boolean(),
  })
  .transform((guest): GuestDescription => ({ ...guest, user: guest.user }));

/**
 * `signed`: by the catalogue's key; `digest`: against the publisher's or the user's digest; `none`: not verified. The
 * weakest first.
 */
const verification = z.enum(['none', 'digest', 'signed']);

const originSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('pulled'),
    /** URL after redirects, without credentials. */
    url: z.string(),
    verification,
    /** Verified digest of the published file, as in `sha512:…`. */
    publishedDigest: z.string().optional(),
    /** Fingerprint of the key. */
    signedBy: z.string().optional(),
    etag: z.string().optional(),
    lastModified: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('imported'), file: z.string(), verification }),
  /** Built here from packages; `inputs` is the digest of all inputs. */
  z.strictObject({ kind: z.literal('built'), recipe: z.string(), inputs: sha256 }),
  /** Another image, customized by scripts. */
  z.strictObject({ kind: z.literal('layer'), from: z.string(), inputs: sha256 }),
]);

const diskSchema = z.strictObject({
  ...common,
  kind: z.literal('disk'),
  disk: file,
  format: z.enum(['qcow2', 'raw']),
  /** The size of the disk that the guest sees. */
  virtualBytes: z.int().positive(),
  /** Digest of the image that this one is based on. */
  backing: sha256.optional(),
  guest: guestSchema,
  origin: originSchema,
});

/** The file manifest.json in an image's directory. Incompatible changes get a new version number. */
export const manifestSchema = z.discriminatedUnion('kind', [kernelSchema, diskSchema]);

export type KernelManifest = Readonly<z.output<typeof kernelSchema>>;
export type DiskManifest = Readonly<z.output<typeof diskSchema>>;
export type ImageManifest = KernelManifest | DiskManifest;
/** The file that an image was made from, and its digest. */
export type ImageSource = Readonly<z.output<typeof source>>;
export type ImageFile = Readonly<z.output<typeof file>>;
/** Where an image came from: built, pulled or imported. */
export type ImageOrigin = Readonly<z.output<typeof originSchema>>;
/** How an image was verified: by signature, by digest or not at all. */
export type Verification = z.output<typeof verification>;

/** Ranks origins by how well the image was verified. */
export function trustOf(origin: ImageOrigin | { readonly verification: Verification }): number {
  return 'verification' in origin ? verification.options.indexOf(origin.verification) : Infinity;
}

/** Lists the files of an image. */
export function filesOf(manifest: ImageManifest): readonly ImageFile[] {
  return manifest.kind === 'kernel' ? [manifest.kernel, manifest.initrd] : [manifest.disk];
}
