import * as z from 'zod';
import type {
  CatalogueRow,
  GuestDescription,
  ImageList,
  ImageOrigin,
  ListedImage,
  PublishedImage,
} from '../../../index.ts';
import type { TemplateRow } from '../../state/template-ls.ts';
import { count, jsonOf, moment } from './json.ts';

type Disk = Extract<ListedImage, { kind: 'disk' }>;
type Kernel = Extract<ListedImage, { kind: 'kernel' }>;
type Layer = NonNullable<Disk['backing']>;

const verification = z.enum(['signed', 'digest', 'none']);
const cpu = z.enum(['x86-64', 'x86-64-v2', 'x86-64-v3']);
const firmware = z.enum(['bios', 'uefi']);
const format = z.enum(['qcow2', 'raw']);
const text = z.string();

export const layer: z.ZodType<Layer> = z.lazy(() =>
  jsonOf<Layer>()({ path: text, format, backing: layer.optional() }),
);

const guest = jsonOf<GuestDescription>()({
  user: text.optional(),
  firmware,
  cpu,
  provisioner: z.enum(['cloud-init', 'nuageinit', 'tiny-cloud', 'none']),
  agent: z.boolean(),
});

type Origin<Kind> = Extract<ImageOrigin, { kind: Kind }>;

const origin = z.discriminatedUnion('kind', [
  jsonOf<Origin<'pulled'>>()({
    kind: z.literal('pulled'),
    url: text,
    verification,
    publishedDigest: text.optional(),
    signedBy: text.optional(),
    etag: text.optional(),
    lastModified: text.optional(),
  }),
  jsonOf<Origin<'imported'>>()({ kind: z.literal('imported'), file: text, verification }),
  jsonOf<Origin<'built'>>()({ kind: z.literal('built'), recipe: text, inputs: text }),
  jsonOf<Origin<'layer'>>()({ kind: z.literal('layer'), from: text, inputs: text }),
]);

const common = {
  name: text,
  names: z.array(text),
  digest: text,
  bytes: count,
  createdAt: moment,
};
const kernel = {
  ...common,
  kind: z.literal('kernel'),
  kernelPath: text,
  initrdPath: text,
  append: z.array(text),
  kernelRelease: text,
};
const disk = {
  ...common,
  kind: z.literal('disk'),
  path: text,
  format,
  backing: layer.optional(),
  virtualBytes: count,
  guest,
  origin,
  backingDigest: text.optional(),
};
const users = {
  verification: text.describe('How it was verified, in words'),
  usedBy: z.array(text),
};
interface Users {
  readonly verification: string;
  readonly usedBy: readonly string[];
}

export const image = z.discriminatedUnion('kind', [
  jsonOf<Omit<Kernel, 'sources'> & Users>()({ ...kernel, ...users }),
  jsonOf<Omit<Disk, 'sources'> & Users>()({ ...disk, ...users }),
]);

const sources = z.array(z.strictObject({ name: text, version: text }));

/** An image that an action removed, or would remove. */
export const removedImage = z.discriminatedUnion('kind', [
  jsonOf<Kernel>()({ ...kernel, sources }),
  jsonOf<Disk>()({ ...disk, sources }),
]);

export const brokenImage = jsonOf<ImageList['broken'][number]>()({ path: text, reason: text });

export const offeredImage = jsonOf<CatalogueRow>()({
  reference: text,
  aliases: z.array(text),
  description: text,
  version: text.optional(),
  architectures: z.array(text),
  user: text.optional(),
  firmware,
  cpu: text,
  verification,
  unconfirmed: z.array(text),
  quirks: z.array(text),
  own: z.boolean(),
});

export const publishedImage = jsonOf<PublishedImage>()({
  reference: text,
  version: text.optional().describe('Name of the build at its publisher'),
  url: text.describe('After redirects'),
  bytes: count.optional(),
});

export const template = jsonOf<TemplateRow>()({
  name: text,
  image: text.optional(),
  memoryBytes: count.optional(),
  cpus: count.optional(),
  hostBytes: count,
  createdAt: moment.optional(),
  problems: z.array(text),
  usedBy: z.array(text),
});
