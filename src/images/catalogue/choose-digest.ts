import * as z from 'zod';
import { type ErrorDetails, PublisherDocumentError } from '../../errors/index.ts';
import {
  type DigestAlgorithm,
  type NamedDigest,
  parseBareDigest,
  parseDebianDescription,
  parseDigestList,
} from './digest-list.ts';
import { newestOf } from './newest.ts';
import type { Words } from './entry-template.ts';

export interface DigestForm {
  readonly form: 'list' | 'bare' | 'debian-json';
  readonly algorithm: DigestAlgorithm;
}

/** A document, for error messages. */
export interface DocumentOf {
  readonly image: string;
  readonly url: string;
}

const MOVED_HINT =
  'try again later: the publisher may be replacing the image; if the error persists, update vmlet, or correct the entry if it is in your own catalogue';

/**
 * Finds the digest of a file in a publisher's document.
 * @param wanted the file's name, or a pattern whose newest match counts.
 * @throws PublisherDocumentError when there is no digest, or there are contradictory ones.
 */
export function chooseDigest(
  text: string,
  { form, algorithm }: DigestForm,
  wanted: string | RegExp,
  document: DocumentOf,
): { readonly hex: string; readonly groups: Words } {
  const refuse = (problem: string, details: ErrorDetails = {}): PublisherDocumentError =>
    new PublisherDocumentError(document.image, document.url, problem, { hint: MOVED_HINT, ...details });
  if (form === 'bare') {
    const hex = parseBareDigest(text, algorithm);
    if (hex === undefined) throw refuse(`is not a ${algorithm} digest in hexadecimal`);
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
    const what =
      typeof wanted === 'string' ? wanted : 'an image whose name matches the pattern in the catalogue';
    throw refuse(`contains no ${algorithm} digest of ${what}`);
  }
  const other = matches.find(({ candidate }) => candidate.hex !== first.candidate.hex);
  if (other !== undefined) {
    const [one, two] = [first.candidate.name, other.candidate.name];
    if (one === two) throw refuse(`has two different digests of ${one}`);
    throw refuse(`lists ${one} and ${two}, which the pattern "newest" in the catalogue matches equally`, {
      hint: 'if the entry is in your own catalogue, put the version in a named group of the pattern, as in (?<build>[0-9.]+); otherwise update vmlet',
    });
  }
  return { hex: first.candidate.hex, groups: first.groups };
}

function listedIn(
  text: string,
  form: 'list' | 'debian-json',
  algorithm: DigestAlgorithm,
  refuse: (problem: string, details?: ErrorDetails) => PublisherDocumentError,
): readonly NamedDigest[] {
  if (form === 'list') return parseDigestList(text, algorithm);
  try {
    return parseDebianDescription(text, algorithm);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) {
      throw refuse('is not a list of digests in Debian’s JSON format', { cause: error });
    }
    throw error;
  }
}
