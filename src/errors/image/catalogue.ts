import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** A file of the catalogue, the user's own most likely, says something that is not understood. */
export class CatalogueFileError extends VmletError {
  override readonly code = 'VMLET_CATALOGUE_FILE';
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** As in `images.web:1.url`; empty for what is not even YAML. */
  readonly field: string;

  constructor(file: string, line: number, field: string, problem: string, details: ErrorDetails = {}) {
    super(`${file}:${line}: ${field === '' ? '' : `${field}: `}${problem}`, details);
    this.file = file;
    this.line = line;
    this.field = field;
  }
}

/** What a publisher says about an image, such as its list of digests, cannot be used. `url` is that document. */
export class PublisherDocumentError extends VmletError {
  override readonly code = 'VMLET_PUBLISHER_DOCUMENT';
  readonly image: string;
  readonly url: string;

  constructor(image: string, url: string, problem: string, details: ErrorDetails = {}) {
    super(`${image}: ${url} ${problem}`, details);
    this.image = image;
    this.url = url;
  }
}

/** An image whose publisher signs it has no good signature by the key that is expected. Nothing of it is used. */
export class SignatureError extends VmletError {
  override readonly code = 'VMLET_SIGNATURE_INVALID';
  readonly image: string;
  /** What was to be signed. */
  readonly url: string;
  /** The whole fingerprint of the key that is expected. */
  readonly fingerprint: string;

  constructor(image: string, url: string, fingerprint: string, problem: string, details: ErrorDetails = {}) {
    super(`${image}: ${url} ${problem}`, {
      hint: 'do not use this image: it may have been changed on its way; if its publisher has a new key, a new vmlet knows it',
      ...details,
    });
    this.image = image;
    this.url = url;
    this.fingerprint = fingerprint;
  }
}

/** While an image came, its publisher replaced it by a newer one, so that file and digest are of two. */
export class ImageMovedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_MOVED';
  readonly image: string;

  constructor(image: string, details: ErrorDetails = {}) {
    super(`${image} was replaced by its publisher in this very moment`, {
      hint: 'try again',
      ...details,
    });
    this.image = image;
  }
}
