import * as z from 'zod';
import { CPU_LEVELS } from '../../util/system/cpu-level.ts';
import { isImageReference } from '../record/reference.ts';
import { compilePattern, placeholdersOf } from './entry-template.ts';

const REFERENCE = 'expected the name of an image, such as web:1';
const WORD = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

const reference = z.string().refine(isImageReference, REFERENCE);
const url = z
  .string()
  .refine(
    (text) => /^https?:\/\//.test(text) && URL.canParse(text),
    'expected a URL that begins with https:// or http://',
  );
/** A URL prefix. Both of a mirror's end with a slash, so that one can replace the other. */
const folder = url.refine((text) => text.endsWith('/'), 'expected a URL that ends with /');
const keyName = z
  .string()
  .regex(WORD, 'expected letters, digits, ".", "_" and "-", beginning with a letter or a digit');

const keySchema = z.strictObject({
  /** Relative to the file that names it. */
  file: z.string().min(1),
  fingerprint: z
    .string()
    .regex(
      /^([0-9A-F]{40}|[0-9A-F]{64})$/,
      'expected the full fingerprint, 40 or 64 upper-case hexadecimal digits',
    ),
  /** The source of the key, for readers. */
  from: z.string().min(1).optional(),
});

const pattern = z.string().superRefine((text, context) => {
  try {
    compilePattern(text, {});
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    context.addIssue({ code: 'custom', message: `expected a regular expression: ${error.message}` });
  }
});

const words = z.record(
  z
    .string()
    .regex(/^[a-z]+$/, 'expected the name of a placeholder in lower-case letters, such as arch for {arch}'),
  z.string().regex(WORD),
);

/** The publisher's name of an architecture, or an object where it uses several. */
const architecture = z.union(
  [
    z
      .string()
      .regex(WORD)
      .transform((arch) => ({ arch })),
    words,
  ],
  {
    error:
      'expected the publisher’s name of the architecture, such as amd64, or an object, such as { arch: amd64 }',
  },
);

const indexSchema = z.strictObject({
  url,
  /** `lines`: each line is a path; `links`: a web page whose links are files. */
  form: z.enum(['lines', 'links']),
  newest: pattern,
});

const digestSchema = z.strictObject({
  url,
  /**
   * `list`: lines as sha256sum or BSD's sha256 writes them; `bare`: only the digest; `debian-json`: the description
   * that Debian publishes with each image.
   */
  form: z.enum(['list', 'bare', 'debian-json']),
  algorithm: z.enum(['sha256', 'sha512']),
  /** A pattern of the image's name in the document; by default the last part of the image's URL. */
  newest: pattern.optional(),
});

const signatureSchema = z.discriminatedUnion('form', [
  /** The list of digests is a cleartext signed message; only the signed part of it is used. */
  z.strictObject({ form: z.literal('inline'), key: keyName }),
  /** A signature of the list of digests, armoured or not. */
  z.strictObject({ form: z.literal('detached'), url, key: keyName }),
  /** A signature of the image itself, armoured or not. */
  z.strictObject({ form: z.literal('image'), url, key: keyName }),
]);

const CONFIRMABLE = ['url', 'digest', 'signature', 'user', 'firmware', 'cpu', 'provisioner'] as const;

export const entrySchema = z
  .strictObject({
    description: z.string().min(1),
    aliases: z.array(reference).default([]),
    /** Name of a build, with words in braces. */
    version: z.string().min(1).optional(),
    /** The publisher's account for ssh. */
    user: z.string().min(1).optional(),
    firmware: z.enum(['bios', 'uefi']),
    cpu: z.enum(CPU_LEVELS).default('x86-64'),
    provisioner: z.enum(['cloud-init', 'nuageinit', 'tiny-cloud', 'none']),
    format: z.enum(['qcow2', 'raw']),
    compression: z.enum(['none', 'xz', 'gzip', 'zstd', 'bzip2']).default('none'),
    architectures: z
      .partialRecord(z.enum(['x86_64', 'aarch64']), architecture)
      .refine((given) => Object.keys(given).length > 0, 'expected at least one of x86_64 and aarch64'),
    index: indexSchema.optional(),
    url,
    digest: digestSchema.optional(),
    signature: signatureSchema.optional(),
    quirks: z.array(z.string().min(1)).default([]),
    unconfirmed: z.array(z.enum(CONFIRMABLE)).default([]),
  })
  .superRefine((entry, context) => {
    if (entry.signature !== undefined && entry.signature.form !== 'image' && entry.digest === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['signature'],
        message: `a signature with form: ${entry.signature.form} is for a list of digests, so the field "digest" is required; for a signature of the image itself, use form: image`,
      });
    }
    if (entry.signature?.form === 'image' && entry.compression !== 'none') {
      context.addIssue({
        code: 'custom',
        path: ['signature'],
        message:
          'a signature with form: image requires compression: none, because vmlet cannot verify the signature of a compressed file',
      });
    }
    const fromIndex = groupsOf(entry.index?.newest);
    const fromDigests = groupsOf(entry.digest?.newest);
    const templates: readonly (readonly [readonly string[], string | undefined, readonly string[]])[] = [
      [['index', 'url'], entry.index?.url, []],
      [['digest', 'url'], entry.digest?.url, fromIndex],
      [['url'], entry.url, [...fromIndex, ...fromDigests]],
      [['version'], entry.version, [...fromIndex, ...fromDigests]],
      [['signature', 'url'], signatureUrlOf(entry.signature), [...fromIndex, ...fromDigests]],
    ];
    const patterns: Readonly<Record<string, string>> = { index: '', digest: 'index.newest' };
    for (const [path, template, caught] of templates) {
      for (const word of placeholdersOf(template ?? '')) {
        const lacking = Object.entries(entry.architectures).find(([, given]) => !(word in given));
        if (lacking === undefined || caught.includes(word)) continue;
        const pattern = patterns[path[0] ?? ''] ?? 'index.newest or digest.newest';
        const group = pattern === '' ? '' : `, or as a named group in ${pattern}`;
        const message = `{${word}} has no value; define ${word} under architectures.${lacking[0]}${group}`;
        context.addIssue({ code: 'custom', path: [...path], message });
      }
    }
  });

/** A catalogue file: vmlet's or the user's. */
export const catalogueFileSchema = z.strictObject({
  /** URL prefixes, each with the prefixes to try first, in order. */
  mirrors: z.record(folder, z.array(folder).min(1)).default({}),
  keys: z.record(keyName, keySchema).default({}),
  images: z.record(reference, entrySchema).superRefine(refuseDoubleNames).default({}),
});

export type CatalogueFile = z.infer<typeof catalogueFileSchema>;
export type EntryData = z.infer<typeof entrySchema>;

function groupsOf(text: string | undefined): string[] {
  return [...(text ?? '').matchAll(/\(\?<([A-Za-z]\w*)>/g)].map((match) => match[1] ?? '');
}

function signatureUrlOf(signature: z.infer<typeof signatureSchema> | undefined): string | undefined {
  return signature !== undefined && signature.form !== 'inline' ? signature.url : undefined;
}

function refuseDoubleNames(images: Readonly<Record<string, EntryData>>, context: z.RefinementCtx): void {
  const owners = new Map(Object.keys(images).map((name) => [name, name]));
  for (const [name, { aliases }] of Object.entries(images)) {
    for (const [index, alias] of aliases.entries()) {
      const owner = owners.get(alias);
      owners.set(alias, name);
      if (owner === undefined) continue;
      const message = `this name already belongs to ${owner}`;
      context.addIssue({ code: 'custom', path: [name, 'aliases', index], message });
    }
  }
}
