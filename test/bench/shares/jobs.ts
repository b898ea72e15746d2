/** A directory of the guest, `$D`, has the repository; /tmp/tree.tar is in the guest's memory. */
export interface Job {
  readonly name: string;
  /** Not measured. */
  readonly before?: string;
  readonly run: string;
}

const FORGET = 'echo 3 >/proc/sys/vm/drop_caches';

export const FILES = 1000;
export const TRACKED = 10_000;
const SOURCES = 2;
/** A thousand small files. */
const PACKAGE = 'lodash@4.17.21';

const GIT_STATUS = 'git -c safe.directory="*" -c core.fsmonitor=false -C "$D/repository" status --porcelain';

const JOBS: readonly Job[] = [
  { name: 'write 64 MiB', run: 'dd if=/dev/zero of="$D/big" bs=1M count=64 conv=fsync status=none' },
  { name: 'read 64 MiB', before: FORGET, run: 'cat "$D/big" >/dev/null' },
  { name: `untar ${FILES} files`, before: 'rm -rf "$D/tree"', run: 'tar -xf /tmp/tree.tar -C "$D"' },
  { name: `stat ${FILES} files`, before: FORGET, run: 'ls -lR "$D/tree" >/dev/null' },
  {
    name: `git status, ${TRACKED} files`,
    before: FORGET,
    run: GIT_STATUS,
  },
  { name: 'git status again', run: GIT_STATUS },
  {
    name: `compile ${SOURCES} C files`,
    before: 'rm -f "$D"/repository/*.o',
    run: `cd "$D/repository" && for n in $(seq ${SOURCES}); do gcc -c source$n.c; done`,
  },
  {
    name: 'npm ci from a local cache',
    before: 'rm -rf "$D/package/node_modules"',
    run: 'cd "$D/package" && HOME=/tmp npm ci --offline --cache "$D/npm-cache" --no-audit --no-fund --loglevel=error',
  },
];

/** Makes the tree and the repository in `$D` on the host. */
export const PREPARE = `
set -e
mkdir -p "$D/tree" "$D/repository"
cd "$D/tree"
for n in $(seq ${FILES}); do d=$((n % 40)); mkdir -p $d; head -c 3000 /dev/urandom >$d/$n; done
tar -cf "$D/tree.tar" -C "$D" tree
cd "$D/repository"
git init -q .
for n in $(seq ${TRACKED}); do d=$((n % 100)); [ -d $d ] || mkdir $d; echo $n >$d/$n; done
for n in $(seq ${SOURCES}); do { echo '#include <stdio.h>'; echo '#include <stdlib.h>'; echo "int f$n(void){return puts(\\"$n\\");}"; } >source$n.c; done
git add -A
git -c user.name=bench -c user.email=bench@localhost commit -qm bench
mkdir "$D/package"
cd "$D/package"
echo '{"name":"bench","version":"1.0.0","private":true}' >package.json
# npm ci finds a package in the cache by its address, which settings of the user may leave out.
npm install --omit-lockfile-registry-resolved=false --cache "$D/npm-cache" --no-audit --no-fund --loglevel=error ${PACKAGE} >/dev/null
`;

/** @param words a regular expression for their names; without it, all. @throws if it matches none. */
export function jobsNamed(words = ''): readonly Job[] {
  const jobs = JOBS.filter(({ name }) => new RegExp(words).test(name));
  if (jobs.length > 0) return jobs;
  throw new Error(`no job is named ${words}, only: ${JOBS.map(({ name }) => name).join('; ')}`);
}
