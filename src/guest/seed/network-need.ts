import type { UserDataKind } from './user-data-kind.ts';

/**
 * Returns whether the user's own user-data may need the network before users are created, by the rules of cloud-init
 * (`_should_wait_via_user_data` in its cmd/main.py). Scripts run at the end of the boot.
 * @param config only for the kind `cloud-config`.
 */
export function needsNetworkEarly(
  kind: UserDataKind,
  config: Readonly<Record<string, unknown>> | undefined,
): boolean {
  if (kind === 'script') return false;
  if (!config) return true;
  const { bootcmd, mounts, random_seed: randomSeed, write_files: files } = config;
  if (!isEmpty(bootcmd) || !isEmpty(mounts)) return true;
  if (isRecord(randomSeed) && !isEmpty(randomSeed['command'])) return true;
  return Array.isArray(files) && files.some(isFetched);
}

function isFetched(file: unknown): boolean {
  if (!isRecord(file) || !isRecord(file['source'])) return false;
  const { uri } = file['source'];
  return typeof uri === 'string' && !/^(\/|file:)/.test(uri);
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
