import * as z from 'zod';

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

/** The file manifest.json in an image's directory. A change of its shape gets a new version number. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  kind: z.literal('kernel'),
  name: z.string(),
  /** Over everything here but itself and `createdAt`: what went in and what came out. */
  digest: sha256,
  createdAt: z.iso.datetime(),
  kernelRelease: z.string(),
  kernel: file,
  initrd: file,
  /** Kernel parameters that this image wants, in order. */
  append: z.array(z.string()),
  sources: z.array(source),
  /** Of the agent inside; a newer agent makes the image stale. */
  agentSha256: sha256,
  /** Of all that the recipe itself puts in; a newer vmlet makes the image stale. */
  recipeSha256: sha256,
});

export type ImageManifest = Readonly<z.output<typeof manifestSchema>>;
export type ImageSource = Readonly<z.output<typeof source>>;
