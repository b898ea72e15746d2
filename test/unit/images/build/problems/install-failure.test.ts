import { assert, describe, expect, it } from 'vitest';
import {
  CommandFailedError,
  ImageBuildError,
  NoSpaceError,
  PermissionError,
  VmletError,
  sentenceOf,
} from '../../../../../src/errors/index.ts';
import { debian } from '../../../../../src/images/build/packages/debian-installer.ts';
import { fedora } from '../../../../../src/images/build/packages/dnf-installer.ts';
import { installFailure } from '../../../../../src/images/build/problems/install-failure.ts';

/** Output of mmdebstrap 1.5, apt 3.0 and unshare 2.41. */
const SAID: readonly (readonly [string, new (...args: never[]) => Error, RegExp, string])[] = [
  [
    'packages that are not there',
    ImageBuildError,
    /^no such package: nginxx, no-such-thing$/,
    `Building dependency tree...
E: Unable to locate package nginxx
E: Unable to locate package no-such-thing
E: setup failed: E: apt-get --yes install nginxx no-such-thing failed: process exited with 100 and error in console output`,
  ],
  [
    'a package that others only name',
    ImageBuildError,
    /^no such package: awk$/,
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
    /^cannot fetch http:\/\/m\/pool\/a\.deb from the mirror$/,
    'E: Failed to fetch http://m/pool/a.deb  404  Not Found [IP: 127.0.0.1 80]',
  ],
  [
    'a mirror without a signature',
    ImageBuildError,
    /not signed by a Debian key/,
    `E: The repository 'http://127.0.0.1:34965/u trixie Release' is not signed.`,
  ],
  [
    'a mirror without the release',
    ImageBuildError,
    /the mirror http:..127.0.0.1:34965.empty does not have the release trixie/,
    `E: The repository 'http://127.0.0.1:34965/empty trixie Release' does not have a Release file.`,
  ],
  [
    'packages that exclude each other',
    ImageBuildError,
    /conflict or lack a dependency: exim4-base$/,
    `The following packages have unmet dependencies:
 exim4-base : Conflicts: mail-transport-agent
E: Unable to correct problems, you have held broken packages.`,
  ],
  [
    'a disk that apt finds too small',
    NoSpaceError,
    /^no space left on device/,
    `E: You don't have enough free space in /tmp/w/root/var/cache/apt/archives/.`,
  ],
  [
    'a disk that dpkg fills',
    NoSpaceError,
    /^no space left on device/,
    'dpkg: error processing archive libc6.deb: failed to write: No space left on device',
  ],
  [
    'a user without subordinate ids',
    PermissionError,
    /has no subordinate ids/,
    'unshare: no line matching user "nobody" in /etc/subuid',
  ],
  [
    'a host without user namespaces',
    PermissionError,
    /^cannot create a namespace /,
    'unshare: unshare failed: Operation not permitted',
  ],
  [
    'an unshare that is too old',
    ImageBuildError,
    /needs a newer unshare/,
    "unshare: unrecognized option '--map-auto'",
  ],
  [
    'anything else',
    ImageBuildError,
    /^installing the packages failed: dpkg: error processing package foo/,
    `I: installing packages
dpkg: error processing package foo (--configure):
 installed foo package post-installation script subprocess returned error exit status 1
E: mmdebstrap failed to run`,
  ],
];

/** Output of dnf 4.23; and of dnf 5, from its reports 1123, 1792 and 2397, and from report 26 of lgl-system-loadout. */
const DNF_SAID: readonly (readonly [string, RegExp, string])[] = [
  [
    'a package that is not there, by dnf 4',
    /^no such package: nowhere$/,
    `I: dnf fetches packages
No match for argument: nowhere
Error: Unable to find a match: nowhere`,
  ],
  [
    'a package that is not there, by dnf 5',
    /^no such package: python3-dnf5-plugins$/,
    `Failed to resolve the transaction:
Package "curl-8.15.0-6.fc43.x86_64" is already installed.
No match for argument: python3-dnf5-plugins
You can try to add to command line:
  --skip-unavailable to skip unavailable packages`,
  ],
  [
    'a host that has no address, by dnf 5',
    /^cannot fetch packages: www\.not-available-repo\.com cannot be reached$/,
    `Updating and loading repositories:
>>> Curl error (6): Could not resolve hostname for https://www.not-available-repo.com/repodata/repomd.xml [Could not resolve host: www.not-available-repo.com] - https://www.not-available-repo.com/repodata/repom
>>> Librepo error: Cannot download repomd.xml: Cannot download repodata/repomd.xml: All mirrors were tried`,
  ],
  [
    'an answer that breaks off, by dnf 4',
    /^cannot fetch http:\/\/127\.0\.0\.1:8000\/repodata\/repomd\.xml from the mirror$/,
    `Errors during downloading metadata for repository 'fedora':
  - Curl error (18): Transferred a partial file for http://127.0.0.1:8000/repodata/repomd.xml [end of response with 1000 bytes missing]
Error: Failed to download metadata for repo 'fedora': Cannot download repomd.xml`,
  ],
  [
    'another key, by dnf 5',
    /not signed by the expected key$/,
    `Importing OpenPGP key 0x31645531:
The key was successfully imported.
Transaction failed: Signature verification failed.
OpenPGP check for package "showtime-49~beta-2.fc44.noarch" (/usr/lib/sysimage/libdnf5/offline/packages/showtime-49~beta-2.fc44.noarch.rpm) from repo "fedora" has failed: Import of the key didn't help, wrong key?`,
  ],
  [
    'packages that exclude each other, by dnf 5',
    /^some packages conflict or lack a dependency: package python3-hawkey-0\.72\.0 requires libdnf/,
    `Failed to resolve the transaction:
Problem 1: package python3-hawkey-0.72.0 requires libdnf(x86-64) = 0.72.0, but none of the providers can be installed
  - cannot install both libdnf-0.72.0 and libdnf-0.72.1`,
  ],
  [
    'a step of ours that fails after a key was imported, by its own last line',
    /^installing the packages failed: Failed to set default unit/,
    `Importing GPG key 0x0CD9C5C9:
Key imported successfully
Complete!
Failed to set default unit: Unit multi-user.target does not exist`,
  ],
  [
    'a script of a package that fails',
    /^installing the packages failed: %prein\(broken-1-1\.x86_64\) scriptlet failed, exit status 7$/,
    `Complete!
error: %prein(broken-1-1.x86_64) scriptlet failed, exit status 7
Failed:
  broken-1-1.x86_64`,
  ],
];

describe('the error of a failed installation', () => {
  it.each(SAID)('names %s', (_what, type, message, said) => {
    const failed = new CommandFailedError(['unshare'], { exitCode: 25, signal: undefined }, '');
    const error = installFailure(said.split('\n'), failed, debian);
    expect(error).toBeInstanceOf(type);
    assert(error instanceof VmletError);
    expect(sentenceOf(error)).toMatch(message);
    expect(sentenceOf(error)).not.toContain('\n');
    // A cause that is not recognized is shown.
    expect(error.lines).toEqual(error.hint === undefined ? said.split('\n') : []);
    expect((error.cause as CommandFailedError).stderr).toBe(said);
  });

  it.each(DNF_SAID)('names %s', (_what, message, said) => {
    const failed = new CommandFailedError(['unshare'], { exitCode: 1, signal: undefined }, '');
    const error = installFailure(said.split('\n'), failed, fedora);
    assert(error instanceof ImageBuildError);
    expect(sentenceOf(error)).toMatch(message);
    expect(sentenceOf(error)).not.toContain('\n');
  });
});
