import * as z from 'zod';
import { CPU_LEVELS } from '../../util/cpu-level.ts';
import type { GuestDescription } from './guest-description.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const file = z.strictObject({
  /** Relative to the image's directory. */
  path: z.string().regex(/^[a-z0-9.-]+$/),
  bytes: z.int().nonnegative(),
  sha256,
});

/** What an image was made from: a package of the distribution, or a file of the user's. */
const source = z.strictObject({
  name: z.string(),
  /** The package's version; for a file its SHA-256. */
  version: z.string(),
});

const common = {
  version: z.literal(1),
  /** The name that it was made under. Which names it has now, the links of the store say. */
  name: z.string(),
  /** Names the directory; over what the image is, and neither when nor whence it came. */
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
  /** Kernel parameters that this image wants, in order. */
  append: z.array(z.string()),
  /** Of the agent inside; a newer agent makes the image stale. */
  agentSha256: sha256,
  /** Of all that the recipe itself puts in; a newer vmlet makes the image stale. */
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

/** `signed`: by the key that the catalogue names; `digest`: as its publisher or the user said; `none`: taken as it came. */
const verification = z.enum(['signed', 'digest', 'none']);

const originSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('pulled'),
    /** Where it was in the end, without credentials. */
    url: z.string(),
    verification,
    /** What was verified, as in `sha512:…`, of the file as it was published. */
    publishedDigest: z.string().optional(),
    /** The fingerprint of the key. */
    signedBy: z.string().optional(),
    etag: z.string().optional(),
    lastModified: z.string().optional(),
  }),
  z.strictObject({ kind: z.literal('imported'), file: z.string(), verification }),
  /** Made of packages here; `inputs` is the digest of all that went in. */
  z.strictObject({ kind: z.literal('built'), recipe: z.string(), inputs: sha256 }),
  /** What scripts have changed in another image. */
  z.strictObject({ kind: z.literal('layer'), from: z.string(), inputs: sha256 }),
]);

const diskSchema = z.strictObject({
  ...common,
  kind: z.literal('disk'),
  disk: file,
  format: z.enum(['qcow2', 'raw']),
  /** What the guest sees of it. */
  virtualBytes: z.int().positive(),
  /** The digest of the image that this one stands on. */
  backing: sha256.optional(),
  guest: guestSchema,
  origin: originSchema,
});

/** The file manifest.json in an image's directory. A change of its shape gets a new version number. */
export const manifestSchema = z.discriminatedUnion('kind', [kernelSchema, diskSchema]);

export type KernelManifest = Readonly<z.output<typeof kernelSchema>>;
export type DiskManifest = Readonly<z.output<typeof diskSchema>>;
export type ImageManifest = KernelManifest | DiskManifest;
export type ImageSource = Readonly<z.output<typeof source>>;
export type ImageFile = Readonly<z.output<typeof file>>;
export type ImageOrigin = Readonly<z.output<typeof originSchema>>;
export type Verification = z.output<typeof verification>;

/** The files that an image consists of. */
export function filesOf(manifest: ImageManifest): readonly ImageFile[] {
  return manifest.kind === 'kernel' ? [manifest.kernel, manifest.initrd] : [manifest.disk];
}
