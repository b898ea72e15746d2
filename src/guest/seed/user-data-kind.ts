import { InvalidInputError } from '../../errors/index.ts';

/** Kinds of user-data, by cloud-init's rules: `multipart` is a MIME message, the others are detected by their beginning. */
export type UserDataKind =
  | 'cloud-config'
  | 'cloud-config-archive'
  | 'cloud-config-jsonp'
  | 'script'
  | 'boothook'
  | 'include'
  | 'include-once'
  | 'part-handler'
  | 'jinja'
  | 'multipart';

/** The content type of each kind (cloud-init's INCLUSION_TYPES_MAP). */
export const CONTENT_TYPES: Readonly<Record<Exclude<UserDataKind, 'multipart'>, string>> = {
  'cloud-config': 'text/cloud-config',
  'cloud-config-archive': 'text/cloud-config-archive',
  'cloud-config-jsonp': 'text/cloud-config-jsonp',
  script: 'text/x-shellscript',
  boothook: 'text/cloud-boothook',
  include: 'text/x-include-url',
  'include-once': 'text/x-include-once-url',
  'part-handler': 'text/part-handler',
  jinja: 'text/jinja2',
};

/** A beginning that includes another one comes before it. */
const BEGINNINGS: readonly (readonly [string, Exclude<UserDataKind, 'multipart'>])[] = [
  ['#cloud-config-archive', 'cloud-config-archive'],
  ['#cloud-config-jsonp', 'cloud-config-jsonp'],
  ['#cloud-config', 'cloud-config'],
  ['#cloud-boothook', 'boothook'],
  ['#include-once', 'include-once'],
  ['#include', 'include'],
  ['#part-handler', 'part-handler'],
  ['## template: jinja', 'jinja'],
  ['#!', 'script'],
];

/** Bytes in which cloud-init looks for the header of a MIME message. */
const MIME_SEARCH = 4096;

/** @throws InvalidInputError for user-data that cloud-init does not recognize. */
export function userDataKind(text: string): UserDataKind {
  const lowered = text.slice(0, MIME_SEARCH).trimStart().toLowerCase();
  const known = BEGINNINGS.find(([beginning]) => lowered.startsWith(beginning));
  if (known) return known[1];
  if (/^mime-version:/m.test(lowered)) return 'multipart';
  const [firstLine = ''] = text.trimStart().slice(0, 60).split('\n');
  throw new InvalidInputError(
    'userData',
    `begins with ${JSON.stringify(firstLine)}, which is not a known kind of user-data`,
    {
      hint: 'begin the user-data with #cloud-config, #include, a line such as #!/bin/sh, or a MIME header',
    },
  );
}
