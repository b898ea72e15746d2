import {
  type DownloadFailure,
  DownloadError,
  type ErrorDetails,
  InvalidInputError,
} from '../../errors/index.ts';
import { printable } from './http/download-address.ts';

/** The source of a transfer, for its errors. */
export interface Subject {
  /** A URL or a path. */
  readonly shown: string;
  /** Returns the error for rejected content. */
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
