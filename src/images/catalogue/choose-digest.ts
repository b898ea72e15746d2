import * as z from 'zod';
import { PublisherDocumentError } from '../../errors/index.ts';
import {
  type DigestAlgorithm,
  type NamedDigest,
  parseBareDigest,
  parseDebianDescription,
  parseDigestList,
} from './digest-list.ts';
import { newestOf } from './newest.ts';
import type { Words } from './template.ts';

export interface DigestForm {
  readonly form: 'list' | 'bare' | 'debian-json';
  readonly algorithm: DigestAlgorithm;
}

/** Which document it is, for the words of an error. */
export interface DocumentOf {
  readonly image: string;
  readonly url: string;
}

const MOVED_HINT = 'its publisher may be changing it in this moment: try again';

/**
 * The digest of one file out of a publisher's document.
 * @param wanted the file's name, or a pattern of which the newest counts.
 * @throws PublisherDocumentError when there is none, or two that contradict each other.
 */
export function chooseDigest(
  text: string,
  { form, algorithm }: DigestForm,
  wanted: string | RegExp,
  document: DocumentOf,
): { readonly hex: string; readonly groups: Words } {
  const refuse = (problem: string, cause?: unknown): PublisherDocumentError =>
    new PublisherDocumentError(document.image, document.url, problem, { hint: MOVED_HINT, cause });
  if (form === 'bare') {
    const hex = parseBareDigest(text, algorithm);
    if (hex === undefined) throw refuse(`is not one ${algorithm} in hexadecimal digits`);
    return { hex, groups: {} };
  }
  const matches =
    typeof wanted === 'string'
      ? listedIn(text, form, algorithm, refuse)
          .filter(({ name }) => name === wanted)
          .map((candidate) => ({ candidate, groups: {} }))
      : newestOf(listedIn(text, form, algorithm, refuse), ({ name }) => name, wanted);
  const [first] = matches;
  if (first === undefined) {
    const what = typeof wanted === 'string' ? wanted : 'such an image';
    throw refuse(`gives no ${algorithm} of ${what}`);
  }
  const other = matches.find(({ candidate }) => candidate.hex !== first.candidate.hex);
  if (other !== undefined) {
    throw refuse(`gives two different digests of ${first.candidate.name}`);
  }
  return { hex: first.candidate.hex, groups: first.groups };
}

function listedIn(
  text: string,
  form: 'list' | 'debian-json',
  algorithm: DigestAlgorithm,
  refuse: (problem: string, cause?: unknown) => PublisherDocumentError,
): readonly NamedDigest[] {
  if (form === 'list') return parseDigestList(text, algorithm);
  try {
    return parseDebianDescription(text, algorithm);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      throw refuse('is not a description of a build as Debian publishes them', error);
    }
    throw error;
  }
}
