import {
  type DownloadFailure,
  DownloadError,
  type ErrorDetails,
  InvalidInputError,
} from '../../errors/index.ts';
import { printable } from './http/address.ts';

/** What a transfer is about, for its errors. */
export interface Subject {
  /** An address or a path. */
  readonly shown: string;
  /** The error for content that is not taken. */
  refuse(reason: DownloadFailure, problem: string, details?: ErrorDetails): Error;
}

export function downloadedSubject(url: URL): Subject {
  const shown = printable(url);
  return {
    shown,
    refuse: (reason, problem, details) => new DownloadError(shown, reason, `${shown} ${problem}`, details),
  };
}

export function localSubject(path: string): Subject {
  return {
    shown: path,
    refuse: (_reason, problem, details) => new InvalidInputError('path', `${path} ${problem}`, details),
  };
}
