import { UserFileError } from '../base/user-file-error.ts';
import { type ErrorDetails, VmletError } from '../base/vmlet-error.ts';

/** A catalogue file, most likely the user's own, is invalid. */
export class CatalogueFileError extends UserFileError {
  override readonly code = 'VMLET_CATALOGUE_FILE';
}

/** A publisher's document about an image, such as its list of digests, cannot be used. `url` is its address. */
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

/** A signed image has no valid signature by the expected key. The image is not used. */
export class SignatureError extends VmletError {
  override readonly code = 'VMLET_SIGNATURE_INVALID';
  readonly image: string;
  /** Address of the signed document. */
  readonly url: string;
  /** Full fingerprint of the expected key. */
  readonly fingerprint: string;

  constructor(image: string, url: string, fingerprint: string, problem: string, details: ErrorDetails = {}) {
    super(`${image}: ${url} ${problem}`, {
      hint: 'do not use this image: it may have been tampered with; if its publisher has a new key, update vmlet or your own catalogue',
      ...details,
    });
    this.image = image;
    this.url = url;
    this.fingerprint = fingerprint;
  }
}

/** The publisher replaced an image during its download, so the file and its digest do not belong together. */
export class ImageMovedError extends VmletError {
  override readonly code = 'VMLET_IMAGE_MOVED';
  readonly image: string;

  constructor(image: string, details: ErrorDetails = {}) {
    super(`${image} was replaced by its publisher during the download`, {
      hint: 'try again',
      ...details,
    });
    this.image = image;
  }
}
