import { describe, expect, it } from 'vitest';
import {
  CommandFailedError,
  ImageBuildError,
  NoSpaceError,
  PermissionError,
} from '../../../../src/errors.ts';
import { debian } from '../../../../src/images/build/debian-installer.ts';
import { installFailure } from '../../../../src/images/build/install-failure.ts';

/** As mmdebstrap 1.5, apt 3.0 and unshare 2.41 said it. */
const SAID: readonly (readonly [string, new (...args: never[]) => Error, RegExp, string])[] = [
  [
    'packages that are not there',
    ImageBuildError,
    /^the distribution has no package nginxx, no-such-thing$/,
    `Building dependency tree...
E: Unable to locate package nginxx
E: Unable to locate package no-such-thing
E: setup failed: E: apt-get --yes install nginxx no-such-thing failed: process exited with 100 and error in console output`,
  ],
  [
    'a package that others only name',
    ImageBuildError,
    /^the distribution has no package awk$/,
    `Package awk is not available, but is referred to by another package.
E: Package 'awk' has no installation candidate
E: mmdebstrap failed to run`,
  ],
  [
    'a mirror that is off',
    ImageBuildError,
    /127\.0\.0\.1 cannot be reached$/,
    `Err:1 http://127.0.0.1:1/debian trixie InRelease
  Could not connect to 127.0.0.1:1 (127.0.0.1). - connect (111: Connection refused)
E: Failed to fetch http://127.0.0.1:1/debian/dists/trixie/InRelease  Unable to connect to 127.0.0.1:1:
E: mmdebstrap failed to run`,
  ],
  [
    'a mirror whose name means nothing',
    ImageBuildError,
    /no-such-host\.invalid cannot be reached$/,
    `  Could not resolve 'no-such-host.invalid'
E: Failed to fetch http://no-such-host.invalid/debian/dists/trixie/InRelease  Could not resolve 'no-such-host.invalid'`,
  ],
  [
    'a mirror whose name cannot be looked up',
    ImageBuildError,
    /: deb\.debian\.org cannot be reached$/,
    "E: Failed to fetch http://deb.debian.org/debian/pool/a.deb  Temporary failure resolving 'deb.debian.org'",
  ],
  [
    'a file that a mirror does not have',
    ImageBuildError,
    /^the mirror did not give http:\/\/m\/pool\/a\.deb$/,
    'E: Failed to fetch http://m/pool/a.deb  404  Not Found [IP: 127.0.0.1 80]',
  ],
  [
    'a mirror without a signature',
    ImageBuildError,
    /not signed by a key of Debian/,
    `E: The repository 'http://127.0.0.1:34965/u trixie Release' is not signed.`,
  ],
  [
    'a mirror without the release',
    ImageBuildError,
    /does not have this release/,
    `E: The repository 'http://127.0.0.1:34965/empty trixie Release' does not have a Release file.`,
  ],
  [
    'packages that exclude each other',
    ImageBuildError,
    /cannot be installed together: exim4-base$/,
    `The following packages have unmet dependencies:
 exim4-base : Conflicts: mail-transport-agent
E: Unable to correct problems, you have held broken packages.`,
  ],
  [
    'a disk that apt finds too small',
    NoSpaceError,
    /^the disk is full/,
    `E: You don't have enough free space in /tmp/w/root/var/cache/apt/archives/.`,
  ],
  [
    'a disk that dpkg fills',
    NoSpaceError,
    /^the disk is full/,
    'dpkg: error processing archive libc6.deb: failed to write: No space left on device',
  ],
  [
    'a user without subordinate ids',
    PermissionError,
    /cannot make files of other users/,
    'unshare: no line matching user "nobody" in /etc/subuid',
  ],
  [
    'a host without user namespaces',
    PermissionError,
    /^a namespace .* cannot be made$/,
    'unshare: unshare failed: Operation not permitted',
  ],
  [
    'an unshare that is too old',
    ImageBuildError,
    /unshare is too old/,
    "unshare: unrecognized option '--map-auto'",
  ],
  [
    'anything else',
    ImageBuildError,
    /^the packages could not be installed: dpkg: error processing package foo/,
    `I: installing packages
dpkg: error processing package foo (--configure):
 installed foo package post-installation script subprocess returned error exit status 1
E: mmdebstrap failed to run`,
  ],
];

describe('what a failed installation says', () => {
  it.each(SAID)('names %s', (_what, type, message, said) => {
    const failed = new CommandFailedError(['unshare'], { exitCode: 25, signal: undefined }, '');
    const error = installFailure(said.split('\n'), failed, debian);
    expect(error).toBeInstanceOf(type);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect((error.cause as CommandFailedError).stderr).toBe(said);
  });
});
