// The seconds that each test file takes: by earlier runs on this machine, kept where npm ci does not remove them, or else
// by files.json.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache =
  process.env.VMLET_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'vmlet-test');
const durationsFile = join(cache, 'durations.json');

/** By the path of the file from the root of the project. A file that is not there takes little. */
export function expectedSeconds({ selection, slices }) {
  return Object.assign({}, selection, ...slices, earlierDurations());
}

function earlierDurations() {
  try {
    return { ...JSON.parse(readFileSync(durationsFile, 'utf8')) };
  } catch {
    // They matter only for the order and the progress of a run.
    return {};
  }
}

export function keepDurations(seconds, root) {
  const kept = Object.entries({ ...earlierDurations(), ...seconds }).filter(([file]) =>
    existsSync(join(root, file)),
  );
  const written = `${durationsFile}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  writeFileSync(written, JSON.stringify(Object.fromEntries(kept)));
  renameSync(written, durationsFile);
}
