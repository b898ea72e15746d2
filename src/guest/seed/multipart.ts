import { createHash } from 'node:crypto';
import { CONTENT_TYPES, type UserDataKind } from './user-data-kind.ts';

/**
 * The second part goes into what the first made: lists of ours come before the user's, and of single values the
 * user's stay.
 */
const MERGE_TYPE = 'list(prepend)+dict(no_replace,recurse_list)+str()';

/** User-data of two parts: the user's own, of whatever kind, then our cloud-config. */
export function multipartUserData(ours: string, theirs: string, kind: UserDataKind): string {
  const boundary = `vmlet-${createHash('sha256').update(ours).update(theirs).digest('hex').slice(0, 32)}`;
  return [
    `Content-Type: multipart/mixed; boundary="${boundary}"`,
    'MIME-Version: 1.0',
    '',
    `--${boundary}`,
    ...(kind === 'multipart' ? [withoutMailLine(theirs)] : part(CONTENT_TYPES[kind], theirs)),
    `--${boundary}`,
    ...part('text/cloud-config', ours, [`Merge-Type: ${MERGE_TYPE}`]),
    `--${boundary}--`,
    '',
  ].join('\n');
}

function part(type: string, text: string, headers: readonly string[] = []): string[] {
  const base64 = Buffer.from(text).toString('base64');
  return [
    `Content-Type: ${type}; charset="utf-8"`,
    'MIME-Version: 1.0',
    'Content-Transfer-Encoding: base64',
    ...headers,
    '',
    ...(base64.match(/.{1,76}/g) ?? []),
  ];
}

/** A message of their own is a part as it is, but for the line that mailboxes have before a message. */
function withoutMailLine(message: string): string {
  return message.trimStart().replace(/^From .*\n/, '');
}
