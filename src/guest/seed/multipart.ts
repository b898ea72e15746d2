import { createHash } from 'node:crypto';
import { CONTENT_TYPES, type UserDataKind } from './user-data-kind.ts';

/**
 * Merges the second part into the result of the first: our lists come before the user's, and of single values the user's
 * win.
 */
const MERGE_TYPE = 'list(prepend)+dict(no_replace,recurse_list)+str()';

/** Returns multipart user-data: the user's own, of any kind, then our cloud-config. */
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

/** Returns a MIME message without the line that precedes a message in a mailbox. */
function withoutMailLine(message: string): string {
  return message.trimStart().replace(/^From .*\n/, '');
}
