import { type Cast, EVERYONE, OF_ROOT } from './case.ts';

/** A way to share a directory, in which the table is tried. */
export interface Kind {
  readonly name: string;
  /** Options of -v. */
  readonly options: readonly string[];
  readonly cast: Cast;
  /** Owner of all files in the guest; undefined if files keep their owners. */
  readonly squashedTo?: string;
  /** The host prepares the cases; the guest may not change anything. */
  readonly readOnly?: boolean;
}

/** Whether virtiofsd has all rights to a directory of this user. */
export const IS_ROOT = process.getuid?.() === 0;

/** Only root can create files of several owners on the host. */
export const KINDS: readonly Kind[] = [
  { name: 'default', options: [], cast: OF_ROOT, squashedTo: '0:0' },
  { name: 'uid', options: ['uid=1000', 'gid=1000'], cast: EVERYONE, squashedTo: '1000:1000' },
  {
    name: 'never',
    options: ['uid=1000', 'gid=1000', 'cache=never'],
    cast: EVERYONE,
    squashedTo: '1000:1000',
  },
  { name: 'ro', options: ['ro'], cast: OF_ROOT, squashedTo: '0:0', readOnly: true },
  ...(IS_ROOT ? [{ name: 'host', options: ['ids=host'], cast: EVERYONE }] : []),
];
